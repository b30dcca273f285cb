import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { legible, quote, visible } from '../../../shared/errors/text.ts';

describe('quote', () => {
  it.each([
    ['orders', '"orders"'],
    ['', '""'],
    [5, '5'],
    [null, 'null'],
    [true, 'true'],
    [['a', 1], '["a",1]'],
    [{ a: 'b' }, '{"a":"b"}'],
    ['with "quotes"\nand lines', '"with \\"quotes\\"\\nand lines"'],
  ])('writes %j as JSON', (value, expected) => {
    expect(quote(value)).toBe(expected);
  });

  it.each([
    [undefined, 'undefined'],
    [Symbol('key'), 'Symbol(key)'],
  ])('writes values that JSON cannot hold', (value, expected) => {
    expect(quote(value)).toBe(expected);
  });

  it('does not shorten 160 characters', () => {
    const value = 'a'.repeat(158);

    expect(quote(value)).toBe(`"${value}"`);
  });

  it('shortens a longer value and marks the cut', () => {
    expect(quote('a'.repeat(159))).toBe(`"${'a'.repeat(156)}...`);
  });

  it('is one line of at most 160 characters for any value', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const text = quote(value);

        expect(text.length).toBeLessThanOrEqual(160);
        expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });

  it('starts with the JSON of the value', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 150, maxLength: 200 }),
        (any) => {
          const value = any.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '');
          const text = quote(value);

          const begin = text.endsWith('"') ? text : text.slice(0, -3);
          const json = JSON.stringify(value).slice(0, begin.length);
          expect(json.toWellFormed()).toBe(begin);
        },
      ),
    );
  });

  it('does not cut a character in two', () => {
    expect(quote('a'.repeat(155) + '😀'.repeat(10)).isWellFormed()).toBe(true);
  });
});

describe('legible', () => {
  it('does not change a sentence', () => {
    const sentence = 'KeyId "alias/ключ 🔑" is no key id;  give one';

    expect(legible(sentence)).toBe(sentence);
  });

  it('is one line of at most 4,096 visible characters for any text', () => {
    const long = fc.string({
      unit: 'binary',
      minLength: 3000,
      maxLength: 6000,
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), long), (text) => {
        const line = legible(text);

        expect(line.length).toBeLessThanOrEqual(4096);
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
        expect(legible(line)).toBe(line);
      }),
    );
  });

  it('marks a cut', () => {
    expect(legible('x'.repeat(4096))).toBe('x'.repeat(4096));
    expect(legible('x'.repeat(4097))).toBe(`${'x'.repeat(4093)}...`);
  });
});

describe('visible', () => {
  it('escapes hidden characters and replaces lone surrogates', () => {
    expect(visible('a\u202eb\u0000\u200b\u2028c\ud800')).toBe(
      'a\\u{202e}b\\u{0}\\u{200b}\\u{2028}c\ufffd',
    );
    expect(visible('"Grüße" שלום 😀')).toBe('"Grüße" שלום 😀');
  });
});
