import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { replacePart, sectionPart } from '../../bench/performance-page.ts';
import type { Plot } from '../../bench/section.ts';
import { SECTIONS } from '../../bench/sections.ts';
import { svgPlot } from '../../bench/support/svg-plot.ts';

const PLOT: Plot = {
  title: 'Time over the floor',
  kind: 'bars',
  x: ['0.5 s', '60 s'],
  xLabel: 'length of the update',
  yLabel: 'x floor',
  series: [
    { name: 'ours', values: [1.1, 1.02] },
    { name: 'theirs', values: [2.7, null] },
  ],
  mark: { value: 1, name: 'floor' },
};

describe('docs/performance.md', () => {
  it('has a place for every section, and its plot', async () => {
    const page = await readFile('docs/performance.md', 'utf8');
    for (const { name } of SECTIONS) {
      expect(replacePart(page, name, 'new'), name).not.toBe(page);
      const file = `performance-${name}.svg`;
      expect(page).toContain(`(${file})`);
      await expect(readFile(`docs/${file}`, 'utf8')).resolves.toContain('<svg');
    }
  });

  it('gets the tables and the plot between the marks', () => {
    const begin = '<!-- cost: begin (npm run bench:docs) -->';
    const end = '<!-- cost: end -->';
    const tables = [{ title: 'Calls', head: ['a|b', 'n'], rows: [['c', '1']] }];
    const part = sectionPart('cost', tables, PLOT);
    expect(replacePart(`before\n${begin}old${end}\nafter`, 'cost', part)).toBe(
      `before
${begin}

![Time over the floor](performance-cost.svg)

Calls:

| a\\|b | n |
|---|---|
| c | 1 |

${end}
after`,
    );
    expect(() => replacePart('', 'cost', part)).toThrow('no marks for cost');
  });
});

describe('a plot', () => {
  it('is a labeled picture for light and dark', () => {
    const svg = svgPlot(PLOT);
    expect(svg).toContain('aria-label="Time over the floor"');
    expect(svg).toContain('prefers-color-scheme:dark');
    for (const text of ['ours', 'theirs', '60 s', 'floor 1', 'x floor']) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(svg).not.toMatch(/<script|ecmeta|class=/);
    expect(svg.length).toBeLessThan(20_000);
  });

  it('draws a taller bar for a greater value', () => {
    const heights = [
      ...svgPlot(PLOT).matchAll(/l0 -([\d.]+)l-36 0Z" fill="var\(--[12]\)"/g),
    ].map(([, height]) => Number(height));
    expect(heights).toHaveLength(3);
    const [ours = 0, long = 0, theirs = 0] = heights;
    expect(theirs / ours).toBeCloseTo(2.7 / 1.1, 1);
    expect(long / ours).toBeCloseTo(1.02 / 1.1, 1);
  });
});
