import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textRows } from '../../../cli/output/text-rows.ts';

/** What awscli/text.py of the AWS CLI prints for these. */
const GOLDEN: [unknown, string][] = [
  [{ c: 3, a: 1, b: 2 }, '1\t2\t3\n'],
  [[1, 2, 3], '1\t2\t3\n'],
  [10, '10\n'],
  [null, 'None\n'],
  [[true, null, false, 0.5, ''], 'True\tNone\tFalse\t0.5\t\n'],
  [[], ''],
  [{}, ''],
  [[[[[]]]], ''],
  [[[[['a']]]], 'a\n'],
  [
    {
      foo: [
        { a: 1, b: 2 },
        { a: 4, b: 5 },
      ],
      Zoo: [{ a: 7 }],
    },
    'ZOO\t7\nFOO\t1\t2\nFOO\t4\t5\n',
  ],
  [
    {
      foo: [
        { a: 1, b: 2, c: 3 },
        { a: 4, c: 5 },
        { a: 6, d: 7 },
      ],
    },
    'FOO\t1\t2\t3\t\nFOO\t4\t\t5\t\nFOO\t6\t\t\t7\n',
  ],
  [
    { bar: [{ foo: [{ a: 1 }, { b: 5 }] }, { foo: [[{ b: 6 }]] }] },
    'FOO\t1\t\nFOO\t\t5\nFOO\t6\n',
  ],
  [{ foo: [{ a: 1, b: { z: 'z', y: 'y' }, c: 3 }] }, 'FOO\t1\t3\nB\ty\tz\n'],
  [{ KeyIds: ['a', 'b'] }, 'KEYIDS\ta\nKEYIDS\tb\n'],
  [
    [
      ['a', 'b', ['c', 'd']],
      ['e', ['g', 'h'], 'f'],
    ],
    'a\tb\nc\td\ne\tf\ng\th\n',
  ],
  [
    [{ StreamName: 'orders', Quota: { Used: 1, NextAvailableAt: null } }],
    'orders\nQUOTA\tNone\t1\n',
  ],
];

describe('textRows', () => {
  it.each(GOLDEN)('prints %j as the AWS CLI does', (value, expected) => {
    expect(textRows(value)).toBe(expected);
  });

  it('escapes what could break a row, in keys as well', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        expect(textRows(value)).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}]/u);
      }),
    );
    expect(textRows({ 'a\tb': ['c\nd'] })).toBe('A\\u{9}B\tc\\u{a}d\n');
  });
});
