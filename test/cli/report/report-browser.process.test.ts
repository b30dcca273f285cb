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
import { pdfText } from '../../support/report/pdf-text.ts';
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

  const openAll = (page: Page) =>
    page.evaluate(
      "for (const one of document.querySelectorAll('details')) one.open = true;",
    );

  /** Keeps a sample of the page, since checking all of it takes minutes. */
  const shorten = (page: Page) =>
    page.evaluate(`for (const one of document.querySelectorAll(
      '.stream:not(:has(#stream-4, #stream-14, #stream-19)), .full:nth-of-type(n+4), .stream tr:nth-child(n+4), .streams tbody tr:nth-child(odd), .chart path, .chart text:nth-of-type(n+30)'
    )) one.remove();`);

  it.each(
    SCREENS.flatMap((screen) =>
      (['month', 'hostile'] as const).map((name) => ({ ...screen, name })),
    ),
  )(
    'requests nothing and fits: $name, $width px, $colorScheme',
    async ({ name, ...screen }) => {
      const { page, seen } = await open(name, screen);
      const overflow = () =>
        page.evaluate('document.documentElement.scrollWidth - innerWidth');
      const closed = await overflow();
      await openAll(page);
      const opened = await overflow();
      const runs = await page.evaluate(
        "document.querySelectorAll('script, iframe, object, embed, img, link, [onload], [onerror], [onclick]').length",
      );
      expect({ seen, closed, opened, runs }).toEqual({
        seen: [],
        closed: 0,
        opened: 0,
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
      const find = () =>
        page.evaluate(`axe.run().then(({ violations }) =>
      violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`);
      expect(await find()).toEqual([]);
      await openAll(page);
      expect(await find()).toEqual([]);
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
      const isPhone = width < 760;
      expect(await count('rowheader', /^warehouse/)).toBe(isPhone ? 0 : 1);
      expect(await count('table', 'Keys over the period')).toBe(0);
      await openAll(page);
      expect(await count('rowheader', /^warehouse/)).toBe(1);
      expect(await count('table', 'Keys over the period')).toBe(20);
      await page.context().close();
    },
  );

  it('is short on a phone, where the reader opens a stream', async () => {
    const { page } = await open('month', { width: 390, colorScheme: 'light' });
    const height = await page.evaluate('document.documentElement.scrollHeight');
    expect(height).toBeLessThanOrEqual(12_000);
    await page.context().close();
  });

  it.each(WIDTHS)(
    'opens the section to which a finding links, and a record, at %i px',
    async (width) => {
      const { page } = await open('month', { width, colorScheme: 'light' });
      const record = page.locator('#stream-14-record-1');
      expect(await record.isVisible()).toBe(false);
      await page.locator('.findings a[href="#stream-14"]').first().click();
      const heading = page.getByRole('heading', { name: /^payments/ });
      const box = await heading.boundingBox();
      expect(box?.y).toBeGreaterThanOrEqual(0);
      expect(box?.y).toBeLessThan(100);
      await page.locator('a[href="#stream-14-record-1"]').click();
      await expect.poll(() => record.isVisible()).toBe(true);
      expect(await record.textContent()).toContain('Rollback.Verification');
      await page.context().close();
    },
  );

  it('prints in light colors, also from a dark screen', async () => {
    const { page } = await open('month', { width: 1280, colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(
      await page.evaluate('getComputedStyle(document.body).backgroundColor'),
    ).toBe('rgb(255, 255, 255)');
    await page.context().close();
  });

  it('prints on few pages, with heads, numbers, and the proof of every rotation', async () => {
    const { page } = await open('month', { width: 390, colorScheme: 'light' });
    const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true });
    await page.context().close();
    // It can be mailed: no pattern has become a picture of the page.
    expect(pdf.length).toBeLessThan(1_000_000);
    // Fonts join `fi`, and a long number may be on two lines.
    const pages = pdfText(pdf).map((text) => text.normalize('NFKC'));
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.length).toBeLessThanOrEqual(12);
    for (const [at, text] of pages.entries()) {
      expect(text).toContain(`Page ${at + 1} of ${pages.length}`);
      expect(text).toContain('Encryption keys of Kinesis data streams');
      expect(text).toContain('111122223333, us-east-1, prod');
      expect(text).toContain('2026-10-26 00:00:00 to 2026-11-25 13:04:05');
    }
    const all = pages.join('');
    const { streams } = simulatedMonth();
    for (const { StreamARN, history } of streams) {
      expect(all).toContain(StreamARN);
      for (const outcome of history) {
        const { StartedAt, KeyArn = '' } = outcome;
        expect(all).toContain(StartedAt.slice(0, 19).replace('T', ' '));
        expect(all).toContain(KeyArn);
        if (outcome.Status === 'FAILED') {
          const { Cause, Rollback, RotationId } = outcome;
          expect(all.replaceAll(' ', '')).toContain(Cause.replaceAll(' ', ''));
          expect(all).toContain(Rollback?.Verification?.SequenceNumber ?? '');
          expect(all).toContain(RotationId.split(':').at(-1));
        } else {
          expect(all).toContain(outcome.Verification?.SequenceNumber);
          expect(all).toContain(outcome.VerifiedAt?.slice(11, 19));
        }
      }
    }
    expect(all).toContain('Paper omits three things');
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
