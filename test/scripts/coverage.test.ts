import { describe, expect, it } from 'vitest';
import { linesOf, ranAt } from '../../scripts/coverage.ts';

const range = (startOffset: number, endOffset: number, count: number) => ({
  startOffset,
  endOffset,
  count,
});
/** A script that ran, with a function in it that did not. */
const script = {
  url: 'file:///x.ts',
  functions: [{ ranges: [range(0, 30, 1)] }, { ranges: [range(10, 20, 0)] }],
};

describe('ranAt', () => {
  it.each([
    [5, true],
    [10, false],
    [19, false],
    [20, true],
    [30, false],
  ])('says of offset %i: %s', (offset, ran) => {
    expect(ranAt(script, offset)).toBe(ran);
  });
});

describe('linesOf', () => {
  const at = (line: number, column: number) => ({ start: { line, column } });
  const source = 'const a;\n.  const b;\nconst c;\n';
  const statementMap = { 0: at(1, 0), 1: at(2, 3), 2: at(3, 0) };
  const file = { path: 'x.ts', statementMap, s: { 0: 1, 1: 0, 2: 0 } };

  it('counts lines that the tests ran', () => {
    expect(linesOf(file, source, [])).toEqual({ all: 3, ran: 1 });
  });

  it('adds lines that only a child process ran', () => {
    expect(linesOf(file, source, [script])).toEqual({ all: 3, ran: 2 });
  });
});
