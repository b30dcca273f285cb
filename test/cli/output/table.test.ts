import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { rowTable, terminalWidth } from '../../../cli/output/table.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

describe('terminalWidth', () => {
  it.each([
    [undefined, 120],
    [0, 120],
    [200, 200],
    [40, 80],
  ])('of a terminal of %s columns is %i', (columns, width) => {
    vi.stubGlobal('process', { ...process, stdout: { columns } });
    expect(terminalWidth()).toBe(width);
  });
});

describe('rowTable', () => {
  it('leaves a table that fits in one line a row', () => {
    expect(rowTable(['A', 'Key'], [['1', 'alias/a']], 80)).toBe(
      'A  Key\n1  alias/a',
    );
  });

  it('wraps the widest column, and keeps every character', () => {
    const drawn = rowTable(['A', 'B', 'C'], [['a', 'x'.repeat(200), 'c']], 80);
    const lines = drawn.split('\n');
    expect(lines[1]).toBe(`a  ${'x'.repeat(74)}  c`);
    expect(drawn.match(/x/g)).toHaveLength(200);
  });

  it('fits any text, colored or not, and loses no letter', () => {
    const text = fc.stringMatching(/^[a-z -]{0,300}$/);
    const rows = fc.array(fc.tuple(text, text, text), {
      minLength: 1,
      maxLength: 5,
    });
    const letters = (line: string) => [...line.replace(/[^a-z]/g, '')].sort();
    fc.assert(
      fc.property(rows, fc.integer({ min: 80, max: 200 }), (cells, width) => {
        const colored = cells.map((row) =>
          row.map((cell) => `\u001b[31m${cell}\u001b[39m`),
        );
        const drawn = rowTable(['1', '2', '3'], colored, width);
        const plain = stripVTControlCharacters(drawn);
        for (const line of plain.split('\n')) {
          expect(line.length).toBeLessThanOrEqual(width);
        }
        expect(letters(plain)).toEqual(letters(cells.flat().join('')));
      }),
    );
  });
});
