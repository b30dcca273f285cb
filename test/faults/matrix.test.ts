import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Observed, runCell } from '../support/faults/cell.ts';
import { openLaboratory } from '../support/faults/laboratory.ts';
import {
  CALLS,
  CELLS,
  type Cell,
  isSlow,
  nameOf,
} from '../support/faults/matrix.ts';
import { withCalls, withTable } from '../support/faults/reliability-table.ts';

/**
 * SOAK=1 takes every cell, and UPDATE=1 then writes the table; ONLY takes those
 * whose name contains it. Otherwise SEED picks some of every call.
 */
const { SOAK, UPDATE, ONLY, SEED = '4' } = process.env;
const PICKED_PER_CALL = 5;
const CONCURRENT = availableParallelism() * 6;
const DOCUMENT = 'docs/reliability.md';

/** Calls that the packaged roles allow, and those that they do not. */
let authorized = 0;
const denied = new Set<string>();
const observed = new Map<Cell, Observed | string>();
const selected = CALLS.flatMap((call) => {
  const cells = CELLS.filter((cell) => cell.call === call);
  if (SOAK) return cells;
  if (ONLY) {
    return cells.filter((c) => `${call.name}: ${nameOf(c)}`.includes(ONLY));
  }
  return pick(cells.filter((cell) => !isSlow(cell)));
});

function pick(cells: Cell[]): Cell[] {
  const length = { minLength: PICKED_PER_CALL, maxLength: PICKED_PER_CALL };
  const picked = fc.sample(fc.shuffledSubarray(cells, length), {
    seed: Number(SEED),
    numRuns: 1,
  });
  return picked.flat();
}

describe('every fault of every call', () => {
  beforeAll(async () => {
    const laboratory = await openLaboratory();
    // Those that wait come first, so that nothing waits for them at the end.
    const waiting = selected.toSorted((a, b) => +isSlow(a) - +isSlow(b));
    const work = async () => {
      for (let cell = waiting.pop(); cell; cell = waiting.pop()) {
        observed.set(cell, await runCell(laboratory, cell).catch(String));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT }, work));
    await laboratory.close();
    for (const { allowed, role, action, resource } of laboratory.calls) {
      if (!allowed) denied.add(`${role} may not ${action} ${resource}`);
    }
    authorized = laboratory.calls.length - denied.size;
  }, 1_800_000);

  it('makes no call that the packaged roles deny', () => {
    expect([...denied]).toEqual([]);
    expect(authorized).toBeGreaterThan(selected.length * 10);
  });

  it.each(CALLS)('$name', (call) => {
    const cells = selected.filter((cell) => cell.call === call);
    const by = (of: (cell: Cell) => unknown) =>
      Object.fromEntries(cells.map((cell) => [nameOf(cell), of(cell)]));
    expect(by((cell) => observed.get(cell))).toEqual(
      by(({ expected }) => expected),
    );
  });

  it.runIf(SOAK && UPDATE)('is written down', async () => {
    const text = await readFile(DOCUMENT, 'utf8');
    const result = (cell: Cell) => observed.get(cell) as Observed;
    const calls = { authorized, denied: denied.size };
    await writeFile(DOCUMENT, withCalls(withTable(text, result), calls));
  });
});

describe('the matrix', () => {
  it('is in docs/reliability.md as it is; npm run reliability brings it up to date', async () => {
    const text = await readFile(DOCUMENT, 'utf8');
    expect(withTable(text, ({ expected }) => expected)).toBe(text);
  });

  /** Cells of which this is expected, by name. */
  const where = (is: (expected: Observed) => boolean) =>
    CELLS.filter(({ expected }) => is(expected)).map(
      (cell) => `${cell.call.name}: ${nameOf(cell)}`,
    );

  it('leaves no lease and no foreign key anywhere', () => {
    expect(where(({ Lease }) => Lease !== 'none')).toEqual([]);
    expect(where(({ Starts }) => Starts > 2)).toEqual([]);
    expect(where(({ Key }) => !/^(new|previous)/.test(Key))).toEqual([]);
    expect(
      where(({ Starts, Key }) => (Starts === 1) !== (Key === 'new')),
    ).toEqual([]);
  });

  it('counts every Start, and one too many only where the effect is unknown', () => {
    expect(where(({ Slots, Starts }) => Slots < Starts)).toEqual([]);
    const tooMany = where(({ Slots, Starts }) => Slots > Starts);
    const isUntold =
      /after a throttled Start: |StartStreamEncryption: killed before, abandoned$|before the Start: killed after, abandoned$/;
    expect(tooMany.filter((name) => !isUntold.test(name))).toEqual([]);
  });
});
