import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable } from '../../../cli/output/printable.ts';

describe('printable', () => {
  it('leaves lines and letters as they are', () => {
    const text = 'ROTATED orders\nKey     alias/ключ 🔑\n';

    expect(printable(text)).toBe(text);
  });

  it('shows what a terminal would take for an order', () => {
    expect(printable('\u001b[2J \u009b31m \u202e \r \u{e0041}')).toBe(
      '\\u001b[2J \\u009b31m \\u202e \\u000d \\udb40\\udc41',
    );
  });

  it('keeps its own colors, and no other', () => {
    const text = '\u001b[31mFAILED\u001b[39m \u001b[32mgood\u001b[39m';

    expect(printable(text)).toBe(text);
    expect(printable('\u001b[8m\u001b[33m\u001b[31')).toBe(
      '\\u001b[8m\\u001b[33m\\u001b[31',
    );
  });

  it('keeps JSON the same JSON, and free of all that cannot be seen', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const json = printable(JSON.stringify(value, null, 4));

        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(json).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
