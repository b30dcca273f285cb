import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../../cli/report/report-page.ts';
import { findChromium } from '../../support/report/chromium.ts';
import { HOSTILE, hostileMonth } from '../../support/report/hostile-month.ts';
import { simulatedMonth } from '../../support/report/simulated-month.ts';

const launching = await findChromium();
if (launching === undefined) {
  process.stderr.write(
    'THE REPORT IS NOT TESTED IN A BROWSER: no Chromium found. npm installs one on Linux (x64); on other systems, install Chromium or Chrome.\n',
  );
}

const WIDTHS = [1280, 390];
const SCREENS = [
  { width: 1280, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const;

describe.skipIf(launching === undefined)('the report in Chromium', () => {
  let browser: Browser;
  let directory: string;
  const urls: Record<string, string> = {};

  beforeAll(async () => {
    browser = await chromium.launch(launching);
    directory = await mkdtemp(join(tmpdir(), 'report-'));
    for (const [name, input] of [
      ['month', simulatedMonth()],
      ['hostile', hostileMonth()],
    ] as const) {
      const path = join(directory, `${name}.html`);
      await writeFile(path, await reportPage(input));
      urls[name] = pathToFileURL(path).href;
    }
  });

  afterAll(async () => {
    await browser?.close();
    if (directory) await rm(directory, { recursive: true });
  });

  /** Opens a report, and collects its requests, messages, errors and dialogs. */
  async function open(
    name: 'month' | 'hostile',
    { width, colorScheme }: { width: number; colorScheme: 'light' | 'dark' },
  ): Promise<{ page: Page; seen: string[] }> {
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height: 900 },
    });
    const page = await context.newPage();
    const seen: string[] = [];
    page.on('console', (message) => seen.push(message.text()));
    page.on('pageerror', (error) => seen.push(String(error)));
    page.on('dialog', (dialog) => seen.push(dialog.message()));
    page.on('request', (request) => {
      if (request.url() !== urls[name]) seen.push(request.url());
    });
    await page.goto(urls[name] ?? '');
    return { page, seen };
  }

  /** Keeps a sample of the page, since checking all of it takes minutes. */
  const shorten = (page: Page) =>
    page.evaluate(`for (const one of document.querySelectorAll(
      '.stream:not(#stream-4, #stream-14, #stream-19), .stream tr:nth-child(n+4), .streams tbody tr:nth-child(odd), .chart path, .chart text:nth-of-type(n+30)'
    )) one.remove();`);

  it.each(
    SCREENS.flatMap((screen) =>
      (['month', 'hostile'] as const).map((name) => ({ ...screen, name })),
    ),
  )(
    'requests nothing and fits: $name, $width px, $colorScheme',
    async ({ name, ...screen }) => {
      const { page, seen } = await open(name, screen);
      const { overflow, runs } = await page.evaluate<Record<string, number>>(`({
      overflow: document.documentElement.scrollWidth - innerWidth,
      runs: document.querySelectorAll('script, iframe, object, embed, img, link, [onload], [onerror], [onclick]').length,
    })`);
      expect({ seen, overflow, runs }).toEqual({
        seen: [],
        overflow: 0,
        runs: 0,
      });
      await page.context().close();
    },
  );

  it.each(SCREENS)(
    'is accessible, with enough contrast: $width px, $colorScheme',
    async (screen) => {
      const { page } = await open('month', screen);
      await page.evaluate(axe.source);
      await shorten(page);
      const violations = await page.evaluate(`axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`);
      expect(violations).toEqual([]);
      await page.context().close();
    },
  );

  it('is dark where the reader prefers a dark scheme', async () => {
    const paper = async (colorScheme: 'light' | 'dark') => {
      const { page } = await open('month', { width: 1280, colorScheme });
      const color = await page.evaluate(
        'getComputedStyle(document.body).backgroundColor',
      );
      await page.context().close();
      return color;
    };
    expect([await paper('light'), await paper('dark')]).toEqual([
      'rgb(255, 255, 255)',
      'rgb(20, 23, 28)',
    ]);
  });

  it.each(WIDTHS)(
    'is a document to a screen reader at %i px',
    async (width) => {
      const { page } = await open('month', { width, colorScheme: 'light' });
      const count = (
        role: 'heading' | 'img' | 'table' | 'rowheader',
        name: RegExp | string,
      ) => page.getByRole(role, { name }).count();
      expect(await page.locator('html').getAttribute('lang')).toBe('en');
      expect(await count('heading', 'Encryption keys of Kinesis')).toBe(1);
      // One of the two drawings of each chart.
      expect(await count('img', /^Keys of 20 streams from/)).toBe(1);
      expect(await count('img', /^Slots used/)).toBe(1);
      expect(await count('table', 'Keys over the period')).toBe(20);
      expect(await count('rowheader', /^warehouse/)).toBe(1);
      await page.context().close();
    },
  );

  it('prints in light colors, also from a dark screen', async () => {
    const { page } = await open('month', { width: 1280, colorScheme: 'dark' });
    await shorten(page);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 5).toString()).toBe('%PDF-');
    await page.emulateMedia({ media: 'print' });
    expect(
      await page.evaluate('getComputedStyle(document.body).backgroundColor'),
    ).toBe('rgb(255, 255, 255)');
    await page.context().close();
  });

  it('shows hostile values as plain text', async () => {
    const { page } = await open('hostile', {
      width: 1280,
      colorScheme: 'light',
    });
    const text = (await page.locator('body').textContent()) ?? '';
    for (const { Shown } of HOSTILE) expect(text).toContain(Shown);
    await page.context().close();
  });
});
