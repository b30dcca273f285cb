import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordCalls } from '../../bench/support/calls.ts';
import {
  SWEEP_CALLS,
  standingCost,
  totalOf,
  WATCH_USD,
} from '../../cli/preview/standing-cost.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

describe('the standing cost of a stream', () => {
  it.each([
    [5, 0.45],
    [60, 0.41],
  ])(
    'with a sweep every %d minutes is at most USD %d a month',
    (SweepMinutes, most) => {
      const { Stream } = standingCost({ SweepMinutes, Dashboard: true });
      expect(totalOf(Stream)).toBeLessThanOrEqual(most);
    },
  );
});

it('WatchStream adds USD 0.50 a month to a stream, as the docs say', async () => {
  expect(WATCH_USD).toBeCloseTo(0.5);
  for (const page of ['docs/rotations.md', 'docs/deployment.md']) {
    expect(await readFile(page, 'utf8')).toContain('USD 0.50');
  }
});

describe('a sweep', () => {
  let aws: LocalRotations;
  beforeAll(async () => {
    aws = await openLocalRotations(0.1, 2);
  });
  afterAll(() => aws.close());

  it('makes the calls that the standing cost counts, for a stream under its ring', async () => {
    const Streams = [aws.nextStream(), aws.nextStream()];
    for (const [at, { StreamName, KeyIds }] of Streams.entries()) {
      await aws.rotate({ StreamName, KeyId: KeyIds[at] });
    }
    const { SweepDrift } = aws.handlers;
    const context = { functionName: 'SweepDrift' } as never;
    const { result, calls } = await recordCalls(
      async () => await SweepDrift?.({ Streams } as never, context),
    );
    expect(result).toMatchObject({ Streams: [{ Drift: 0 }, { Drift: 0 }] });
    const names = calls.map(({ operation }) => operation);
    expect(names.toSorted()).toEqual(
      Object.entries(SWEEP_CALLS)
        .flatMap(([name, count]) => Array(count * Streams.length).fill(name))
        .toSorted(),
    );
  });
});
