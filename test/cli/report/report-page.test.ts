import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KEY_COLORS } from '../../../cli/report/charts/key-paint.ts';
import { readStyle, reportPage } from '../../../cli/report/report-page.ts';
import { duration, utc } from '../../../cli/report/time-text.ts';
import { hostileMonth } from '../../support/report/hostile-month.ts';
import { simulatedMonth } from '../../support/report/simulated-month.ts';

/** A page's tags with their attributes, outside of charts. */
function tags(page: string): string[] {
  const body = page.replace(/<svg viewBox.*?<\/svg>/gs, '');
  return body.match(/<[^>]*>/g) ?? [];
}

describe('reportPage', () => {
  it('is one small document that fetches nothing and runs nothing', async () => {
    const page = await reportPage(simulatedMonth());
    expect(Buffer.byteLength(page)).toBeLessThan(1_000_000);
    expect(page.includes('"default-src &#39;none&#39;;')).toBe(true);
    const asking = /https?:|<script|<link|<img|@import|src=/i;
    expect(asking.exec(page)?.[0]).toBeUndefined();
  });

  it('is the same for the same input', async () => {
    const [one, other] = [
      await reportPage(simulatedMonth(7)),
      await reportPage(simulatedMonth(7)),
    ];
    expect(one === other).toBe(true);
  });

  it('has every rotation, with its id and its proof', async () => {
    const input = simulatedMonth();
    const page = await reportPage(input);
    for (const outcome of input.streams.flatMap(({ history }) => history)) {
      expect(page).toContain(outcome.RotationId);
      if (outcome.Status === 'FAILED') expect(page).toContain(outcome.Error);
      else expect(page).toContain(outcome.Verification?.SequenceNumber);
    }
  });

  it('links from its contents to every section', async () => {
    const page = await reportPage(simulatedMonth());
    const headings = [...page.matchAll(/<h2 id="(.+?)">(.+?)<\/h2>/g)];
    const links = [...page.matchAll(/<li><a href="#(.+?)">(.+?)<\/a><\/li>/g)];
    const parts = (found: RegExpExecArray[]) =>
      found.map(([, id, title]) => [id, title]);
    expect(headings.length).toBeGreaterThan(6);
    expect(parts(links)).toEqual(parts(headings));
  });

  it.each([
    [1, 1],
    [2, 2],
    [3, 0],
  ])('of %i streams opens the sections of %i', async (count, open) => {
    const input = simulatedMonth();
    const streams = input.streams.slice(0, count);
    const page = await reportPage({ ...input, streams });
    expect(page.split('<details open>')).toHaveLength(open + 1);
  });

  it('has long names once in the section of a stream, besides the records', async () => {
    const page = await reportPage(simulatedMonth());
    const bodies = page
      .replace(/<dl class="record">.*?<\/dl>/gs, '')
      .split('<section class="stream"')
      .slice(1);
    expect(bodies).toHaveLength(20);
    for (const body of bodies) {
      const names = body.match(/<code>arn:[^<]+|ScheduleArn/g) ?? [];
      expect(names.length).toBeGreaterThan(1);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('states the roles of tables, which look like cards on a phone', async () => {
    const parts = tags(await reportPage(simulatedMonth())).filter((tag) =>
      /^<(table|thead|tbody|tfoot|tr|th|td)[ >]/.test(tag),
    );
    expect(parts.length).toBeGreaterThan(1000);
    expect(parts.filter((tag) => !tag.includes(' role="'))).toEqual([]);
  });

  it('splits the charts of many streams, and has unique ids', async () => {
    const input = simulatedMonth();
    const streams = [1, 2, 3, 4].flatMap(() =>
      input.streams.map((stream) => ({
        ...stream,
        history: stream.history.slice(0, 3),
      })),
    );
    const page = await reportPage({ ...input, streams });
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(ids.length).toBe(new Set(ids).size);
    expect(page).toContain('<title id="timeline-3-title">Keys of 16 streams');
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('is a document without streams, and without records', async () => {
    const input = simulatedMonth();
    const none = await reportPage({ ...input, streams: [] });
    expect(none).toContain('There are no streams.');
    const [first] = input.streams;
    const empty = await reportPage({
      ...input,
      streams: first ? [{ ...first, history: [] }] : [],
    });
    expect(empty).toContain('No rotation in the period.');
  });

  it('escapes every value: no text adds a tag or an attribute', async () => {
    const page = (text: string) => {
      const month = hostileMonth([text]);
      return reportPage({ ...month, streams: month.streams.slice(0, 3) });
    };
    // Too long to stand beside a trigger's source, as hostile ones never do.
    const harmless = tags(await page('harmless'.repeat(3)));
    const nasty = fc.string({
      unit: fc.constantFrom(
        ...`<>"'&/=!-[]\`{}$\u0000\u2028\u202e \n`,
        '<script>',
        '</style>',
        '<!--',
        '&quot;',
        '$&',
        'onload=',
        '\ud800',
      ),
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(nasty, async (text) => {
        const hostile = await page(text);
        expect(tags(hostile)).toEqual(harmless);
        expect(hostile).not.toContain('<script');
        expect(hostile.replaceAll('\n', '')).not.toMatch(
          /[\p{Cc}\p{Cf}\p{Zl}]/u,
        );
        expect(hostile.isWellFormed()).toBe(true);
      }),
      { numRuns: 12 },
    );
  });
});

describe('the style sheet', () => {
  /** Relative luminance, as WCAG 2 defines it. */
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  it('has readable labels on every key, in light and in dark', async () => {
    const style = await readStyle();
    const values = (name: string) =>
      [...style.matchAll(new RegExp(`--${name}: (#[0-9a-f]{6});`, 'g'))].map(
        ([, color = '']) => luminance(color),
      );
    for (let key = 1; key <= KEY_COLORS; key++) {
      const fills = values(`key-${key}`);
      const inks = values(`key-ink-${key}`);
      expect([fills.length, inks.length]).toEqual([2, 2]);
      for (const [at, fill] of fills.entries()) {
        const [dark = 0, light = 0] = [fill, inks[at] ?? 0].sort(
          (a, b) => a - b,
        );
        expect((light + 0.05) / (dark + 0.05)).toBeGreaterThanOrEqual(4.5);
      }
    }
  });
});

describe('times in words', () => {
  it.each([
    [999, 'less than a second'],
    [1000, '1 s'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [86_400_000 * 12 + 3_600_000 * 3 + 5000, '12 d 3 h'],
    [86_400_000 + 59_000, '1 d'],
  ])('%i ms is %s', (ms, words) => {
    expect(duration(ms)).toBe(words.replaceAll(/(?<=\d|min|d) /g, '\u00a0'));
  });

  it('are UTC, to the second; other text stays as it is', () => {
    expect(utc('2026-11-25T13:04:05.678Z')).toBe(
      '2026-11-25 13:04:05\u00a0UTC',
    );
    expect(utc('yesterday')).toBe('yesterday');
  });
});
