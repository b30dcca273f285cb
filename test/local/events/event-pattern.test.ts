import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesPattern } from '../../../local/events/event-pattern.ts';

const scalar = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
);

/** A nested object without lists, every leaf a scalar. */
const anyEvent = fc.letrec((tie) => ({
  object: fc.dictionary(
    fc.stringMatching(/^[a-z][a-z-]{0,8}$/),
    fc.oneof({ depthSize: 'small', maxDepth: 3 }, scalar, tie('object')),
    { minKeys: 1, maxKeys: 4 },
  ),
})).object as fc.Arbitrary<Record<string, unknown>>;

/** A copy in which every scalar is replaced. */
function replaced(
  value: unknown,
  replace: (leaf: unknown) => unknown,
): unknown {
  if (typeof value !== 'object' || value === null) return replace(value);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      replaced(inner, replace),
    ]),
  );
}

const matches = (wanted: unknown, found: unknown) =>
  matchesPattern({ field: wanted }, { field: found });

describe('matchesPattern', () => {
  it('takes any event that has every value it names, whatever else it has', () => {
    fc.assert(
      fc.property(anyEvent, anyEvent, scalar, (event, more, other) => {
        const pattern = replaced(event, (leaf) => [other, leaf]);

        expect(matchesPattern(pattern, event)).toBe(true);
        expect(matchesPattern(pattern, { ...more, ...event })).toBe(true);
      }),
    );
  });

  it('refuses any event in which one field is missing', () => {
    fc.assert(
      fc.property(anyEvent, (event) => {
        const pattern = replaced(event, (leaf) => [leaf]);
        for (const field of Object.keys(event)) {
          const { [field]: _, ...rest } = event;

          expect(matchesPattern(pattern, rest)).toBe(false);
        }
      }),
    );
  });

  it('tells apart what JSON tells apart', () => {
    const values = ['', 'null', '1', 'true', 1, 0, true, false, null];
    for (const wanted of values) {
      for (const found of values) {
        expect(matches([wanted], found)).toBe(wanted === found);
      }
    }
  });

  it.each<[string, unknown, unknown[], unknown[]]>([
    ['exists', [{ exists: true }], ['', 0, false, null, [1]], [undefined, []]],
    ['exists as a leaf', [{ exists: true }], ['x'], [{ x: 1 }, [{ x: 1 }]]],
    [
      'exists: false',
      [{ exists: false }],
      [undefined, {}, { x: 1 }, []],
      ['', null],
    ],
    ['prefix', [{ prefix: 'us-' }], ['us-', 'us-east-1'], ['eu-us-', 'US-', 1]],
    ['suffix', [{ suffix: '.png' }], ['.png', 'a.png'], ['a.png.txt', 'a.PNG']],
    [
      'prefix, ignoring case',
      [{ prefix: { 'equals-ignore-case': 'EventB' } }],
      ['eventbridge', 'EVENTB'],
      ['event', 'xeventb'],
    ],
    [
      'suffix, ignoring case',
      [{ suffix: { 'equals-ignore-case': 'Bridge' } }],
      ['EventBRIDGE'],
      ['bridges'],
    ],
    [
      'equals-ignore-case',
      [{ 'equals-ignore-case': 'Alice' }],
      ['alice', 'ALICE'],
      ['alice ', 1],
    ],
    [
      'wildcard',
      [{ wildcard: 'dir/*.png' }],
      ['dir/.png', 'dir/a/b.png', 'dir/\n.png'],
      ['dir/a.pngx', 'xdir/a.png', 'dir/aPpng'],
    ],
    [
      'an escaped wildcard',
      [{ wildcard: 'a\\*\\\\b' }],
      ['a*\\b'],
      ['axx\\b', 'a**b'],
    ],
    [
      'anything-but a value',
      [{ 'anything-but': 'stopped' }],
      ['running', '', 5, null],
      ['stopped', undefined],
    ],
    [
      'anything-but a list',
      [{ 'anything-but': [100, 200] }],
      [150, '100'],
      [100, 200],
    ],
    [
      'anything-but a prefix',
      [{ 'anything-but': { prefix: 'init' } }],
      ['running', 'Init'],
      ['init', 'initializing', undefined],
    ],
    [
      'anything-but a list of suffixes',
      [{ 'anything-but': { suffix: ['.png', '.gif'] } }],
      ['a.jpg'],
      ['a.png', 'a.gif'],
    ],
    [
      'anything-but a wildcard',
      [{ 'anything-but': { wildcard: '*/lib/*' } }],
      ['a/b'],
      ['a/lib/b'],
    ],
    ['numeric =', [{ numeric: ['=', 301.8] }], [301.8], [301, '301.8']],
    [
      'numeric in a range',
      [{ numeric: ['>', 0, '<=', 5] }],
      [0.1, 5],
      [0, 5.1, '3'],
    ],
    ['one of many', ['a', { prefix: 'b' }, null], ['a', 'bc', null], ['c', 1]],
  ])('knows %s', (_, wanted, taken, refused) => {
    for (const found of taken) expect(matches(wanted, found)).toBe(true);
    for (const found of refused) expect(matches(wanted, found)).toBe(false);
  });

  it('compares numbers as numbers', () => {
    const comparisons: [string, (a: number, b: number) => boolean][] = [
      ['=', (a, b) => a === b],
      ['<', (a, b) => a < b],
      ['<=', (a, b) => a <= b],
      ['>', (a, b) => a > b],
      ['>=', (a, b) => a >= b],
    ];
    const number = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(
        number,
        number,
        fc.constantFrom(...comparisons),
        (found, bound, [sign, holds]) => {
          expect(matches([{ numeric: [sign, bound] }], found)).toBe(
            holds(found, bound),
          );
        },
      ),
    );
  });

  it('takes for anything-but whatever it does not take for the same', () => {
    const text = fc.stringMatching(/^[ab]{0,3}$/);
    const operator = fc.constantFrom('prefix', 'suffix', 'equals-ignore-case');
    fc.assert(
      fc.property(text, text, operator, (found, wanted, name) => {
        const inner = { [name]: wanted };

        expect(matches([{ 'anything-but': inner }], found)).toBe(
          !matches([inner], found),
        );
      }),
    );
  });

  it('lets a wildcard match any part of any text', () => {
    const escaped = (text: string) => text.replace(/[\\*]/g, '\\$&');
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => {
        const wanted = [{ wildcard: `${escaped(a)}*${escaped(c)}` }];

        expect(matches(wanted, a + b + c)).toBe(true);
        expect(matches([{ wildcard: escaped(a) }], a)).toBe(true);
        expect(matches([{ wildcard: escaped(a) }], `${a}x`)).toBe(false);
      }),
    );
  });

  it('looks for any element of a list in the event', () => {
    expect(matches(['a', 'b'], ['x', 'b'])).toBe(true);
    expect(matches(['a', 'b'], ['x', ['y', ['a']]])).toBe(true);
    expect(matches(['a', 'b'], ['x', 'y'])).toBe(false);
    expect(matches(['a'], [])).toBe(false);
  });

  it('wants all of one and the same object in a list', () => {
    const employees = [
      { firstName: 'Anna', lastName: 'Smith' },
      [{ firstName: 'Peter', lastName: 'Jones' }],
    ];
    expect(matches({ firstName: ['Peter'] }, employees)).toBe(true);
    expect(
      matches({ firstName: ['Anna'], lastName: ['Smith'] }, employees),
    ).toBe(true);
    expect(
      matches({ firstName: ['Anna'], lastName: ['Jones'] }, employees),
    ).toBe(false);
  });

  it('sees no field in what an object inherits', () => {
    expect(matches({ constructor: [{ exists: true }] }, {})).toBe(false);
    expect(matches({ length: [1] }, 'x')).toBe(false);
  });

  it('finds a field absent where its parent is', () => {
    const wanted = { inner: { code: [{ exists: false }] } };
    for (const found of [undefined, null, 'x', {}, { inner: {} }]) {
      expect(matches(wanted, found)).toBe(true);
    }
    expect(matches(wanted, { inner: { code: null } })).toBe(false);
  });

  it('knows $or, beside other fields and within itself', () => {
    const pattern = {
      source: ['aws.cloudwatch'],
      $or: [
        { metric: ['cpu'] },
        { space: ['ec2'], $or: [{ id: [1] }, { id: [2] }] },
      ],
    };
    const source = 'aws.cloudwatch';
    expect(matchesPattern(pattern, { source, metric: 'cpu' })).toBe(true);
    expect(matchesPattern(pattern, { source, space: 'ec2', id: 2 })).toBe(true);
    expect(matchesPattern(pattern, { source, space: 'ec2', id: 3 })).toBe(
      false,
    );
    expect(matchesPattern(pattern, { source })).toBe(false);
    expect(matchesPattern(pattern, { source: 'x', metric: 'cpu' })).toBe(false);
  });

  it.each<[unknown, string]>([
    [[{ cidr: '10.0.0.0/24' }], '"cidr"'],
    [[{ Prefix: 'a' }], '"Prefix"'],
    [[{ toString: 'a' }], '"toString"'],
    [[{ 'anything-but': { numeric: ['=', 1] } }], '"numeric"'],
    [[{ 'anything-but': { prefix: 'a', suffix: 'b' } }], 'a single operator'],
    [[{ prefix: 'a', suffix: 'b' }], 'a single operator'],
    [[{}], '""'],
    [[{ prefix: 5 }], '5 is not a string'],
    [[{ prefix: { suffix: 'a' } }], 'equals-ignore-case'],
    [[{ exists: 'yes' }], 'true or false'],
    [[{ wildcard: 'a**' }], 'without **'],
    [[{ wildcard: 'a\\b' }], 'only before'],
    [[{ wildcard: 'a\\' }], 'only before'],
    [[{ numeric: ['<>', 1] }], '["<>",1]'],
    [[{ numeric: ['>', '1'] }], '[">","1"]'],
    [[{ numeric: ['>', 1, '<'] }], '[">",1,"<"]'],
    [[{ numeric: [] }], '[]'],
    [[{ 'anything-but': [['a']] }], '["a"]'],
    [[{ 'anything-but': [] }], 'at least one value'],
    [[{ 'anything-but': { prefix: [] } }], 'at least one value'],
    [[['a']], '["a"]'],
    ['a', '"a" is not an object or a list'],
    [[], '[] is not an object or a list'],
    [{}, '{} is not an object with at least one field'],
    [{ $or: [{ a: [1] }] }, 'at least two'],
  ])('refuses the pattern %j, whatever the event', (wanted, named) => {
    const pattern = { source: ['aws.cloudwatch'], detail: { field: wanted } };
    for (const event of [{}, { source: 'x' }, { detail: { field: 'a' } }]) {
      const match = () => matchesPattern(pattern, event);

      expect(match).toThrow(named);
      expect(match).toThrow(/^EventPattern\.detail\.field/);
      expect(match).toThrow(expect.objectContaining({ name: 'TemplateError' }));
    }
  });
});
