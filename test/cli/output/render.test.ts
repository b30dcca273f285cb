import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { render } from '../../../cli/output/render.ts';

const RESULT = {
  StreamName: 'orders',
  Quota: { Used: 3, NextAvailableAt: null },
  Slots: [{ KeyId: 'alias/a' }, { KeyId: 'alias/b' }],
};
const people = () => 'for people';

describe('render', () => {
  it('is for people without flags, and with --output text', () => {
    expect(render(RESULT, {}, people)).toBe('for people\n');
    expect(render(RESULT, { output: 'text' }, people)).toBe('for people\n');
  });

  it('says the same in JSON and in YAML', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const json = JSON.parse(render(value, { output: 'json' }, people));
        const yaml = parse(render(value, { output: 'yaml' }, people));
        expect(yaml).toEqual(json);
        // JSON has no -0.
        expect(json).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it.each([
    ['Quota.Used', '3'],
    ['Slots[].KeyId', '[\n    "alias/a",\n    "alias/b"\n]'],
    ['Nothing', 'null'],
  ])('picks %s, as JSON unless told otherwise', (query, expected) => {
    expect(render(RESULT, { query }, people)).toBe(`${expected}\n`);
  });

  it('prints the whole result where an expression does not fit it', () => {
    const write = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const text = render(RESULT, { query: 'length(@.nothing)' }, people);
    const [[said] = []] = write.mock.calls;
    write.mockRestore();
    expect(JSON.parse(text)).toEqual(RESULT);
    expect(said).toMatch(/^--query does not fit the result/);
  });

  it.each([
    ['Quota.Used', '3\n'],
    ['Slots[].KeyId', 'alias/a\talias/b\n'],
    ['Slots[?KeyId==`alias/b`].KeyId', 'alias/b\n'],
    ['Slots[?KeyId==`nothing`]', ''],
    ['Quota', 'None\t3\n'],
    ['@', 'orders\nQUOTA\tNone\t3\nSLOTS\talias/a\nSLOTS\talias/b\n'],
  ])('prints %s as rows of text, as the AWS CLI does', (query, expected) => {
    expect(render(RESULT, { output: 'text', query }, people)).toBe(expected);
  });

  it('shows an object as a table of its fields, nested ones by their path', () => {
    const { Slots: _, ...flat } = RESULT;
    expect(render(flat, { output: 'table' }, people)).toBe(
      [
        '┌───────────────────────┬────────┐',
        '│ StreamName            │ orders │',
        '│ Quota.Used            │ 3      │',
        '│ Quota.NextAvailableAt │ null   │',
        '└───────────────────────┴────────┘',
        '',
      ].join('\n'),
    );
  });

  it('shows a list as a table with a head, empty where a field is missing', () => {
    const list = [{ A: 1 }, { A: 2, B: 'x' }];
    expect(render(list, { output: 'table' }, people)).toBe(
      [
        '┌───┬───┐',
        '│ A │ B │',
        '├───┼───┤',
        '│ 1 │   │',
        '│ 2 │ x │',
        '└───┴───┘',
        '',
      ].join('\n'),
    );
  });

  it('shows a list that is too wide as one table for each element', () => {
    const wide = 'x'.repeat(500);
    const drawn = render(
      [{ A: wide }, { A: 'y' }],
      { output: 'table' },
      people,
    );
    expect(drawn.match(/│ A /g)).toHaveLength(2);
    expect(drawn.match(/x/g)).toHaveLength(500);
    for (const line of drawn.split('\n')) expect(line.length).toBeLessThan(121);
  });

  it('lets nothing that it shows break a line or play with a terminal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        for (const output of ['table', 'text'] as const) {
          const drawn = render([{ value }], { output, query: '@' }, people);
          const lines = drawn.replace(/\n$/, '').split('\n');
          expect(lines).toHaveLength(output === 'text' ? 1 : 5);
          for (const line of lines) {
            expect(line.replaceAll('\t', '')).not.toMatch(
              /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u,
            );
          }
        }
      }),
    );
  });
});
