import { expect, it } from 'vitest';
import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import type { AppliedStart } from '../support/simulation/kinesis-model.ts';
import { cloudTrailEvent } from '../support/simulation/month.ts';
import { pause } from '../support/simulation/virtual-time.ts';
import { inWorld, type World } from '../support/simulation/world.ts';

const MINUTE_MS = 60_000;
const StreamName = 'orders';
const RING = ['alias/a', 'alias/b'];

/** What one round of both sides came to. */
interface Round {
  /** AWS's answer to the other tool. */
  outside: number;
  sweep: { Drift: number; Restore?: string };
  /** How the RESTORE ended; undefined where none was started. */
  restored: string | undefined;
  /** Starts that AWS counts. */
  counted: number;
}

/**
 * Runs a deployment of another tool that applies its own key to a stream, and
 * afterwards a sweep, again and again.
 *
 * @param isReported whether CloudTrail reports the Starts of the other tool
 */
async function rounds(
  count: number,
  key: string,
  KeyIds: string[],
  isReported: boolean,
): Promise<{ rounds: Round[]; refused: string[] }> {
  return inWorld(
    {
      seed: 1,
      replay: 'npx vitest run test/simulation/outside-tool.test.ts',
      skews: () => [0],
      updateMs: () => 3_000,
      faultOf: () => undefined,
      slowPerMille: 0,
    },
    async (world) => {
      world.keys.ensure(...RING, 'alias/terraform');
      world.kinesis.create(StreamName);
      const refused: string[] = [];
      world.invariants.onQuotaRefused = () => {
        refused.push(new Date().toISOString());
      };
      const ended: Round[] = [];
      for (let n = 0; n < count; n++) {
        ended.push(await round(world, key, KeyIds, isReported));
      }
      return { rounds: ended, refused };
    },
  );
}

async function round(
  world: World,
  KeyId: string,
  KeyIds: string[],
  isReported: boolean,
): Promise<Round> {
  const { kinesis, executions, invoke } = world;
  let start: AppliedStart | undefined;
  world.onStart = (_, applied) => {
    start = applied;
  };
  const request = { StreamName, KeyId };
  const { status } = kinesis.answer('StartStreamEncryption', request);
  world.onStart = () => {};
  await pause(MINUTE_MS);
  if (isReported && start !== undefined) {
    const event = cloudTrailEvent({ name: StreamName, ...start });
    await invoke('RecordExternalStart', event, { stream: StreamName });
    world.invariants.onBooked(start.requestId);
  }
  const before = executions.all.length;
  const event = { Streams: [{ StreamName, KeyIds }] };
  const swept = (await invoke('SweepDrift', event, {
    stream: StreamName,
  })) as { Streams: Round['sweep'][] };
  await executions.idle();
  await pause(4 * MINUTE_MS);
  const result = executions.all[before]?.result;
  const [sweep] = swept.Streams;
  if (sweep === undefined) throw new Error('The sweep has no stream');
  return {
    outside: status,
    sweep,
    restored:
      result &&
      ('Error' in result
        ? result.Error
        : (result.Output as { Outcome: string }).Outcome),
    counted: kinesis.counted(StreamName).length,
  };
}

it('costs two slots a round, until no slot is free and no call is made', async () => {
  const ended = await rounds(16, 'alias/terraform', RING, true);
  const fought = ended.rounds.slice(0, 12);
  expect(fought.map(({ counted }) => counted)).toEqual(
    fought.map((_, nth) => 2 * (nth + 1)),
  );
  expect(new Set(fought.map(({ restored }) => restored))).toEqual(
    new Set(['ROTATED']),
  );
  // The other tool takes the last slot, and has won for a day.
  for (const [nth, last] of ended.rounds.slice(12).entries()) {
    expect(last).toMatchObject({
      outside: nth === 0 ? 200 : 400,
      sweep: {
        Drift: 1,
        Restore: expect.stringMatching(/^no slot is free before 2026-01-02T/),
      },
      restored: undefined,
      counted: QUOTA_LIMIT,
    });
  }
  expect(ended.refused).toEqual([]);
});

it('meets the refusal of AWS less and less often where CloudTrail reports nothing', async () => {
  const ended = await rounds(30, 'alias/terraform', RING, false);
  const late = ended.rounds.slice(12);
  expect(late.map(({ counted }) => counted)).toEqual(
    late.map(() => QUOTA_LIMIT),
  );
  const restores = ended.rounds.map(({ restored }) => restored).slice(12);
  const tried = restores.flatMap((one, nth) => (one ? [nth] : []));
  expect(tried).toHaveLength(4);
  const gaps = tried.slice(1).map((nth, at) => nth - (tried[at] ?? 0));
  for (const [at, gap] of gaps.slice(1).entries()) {
    expect(gap).toBeGreaterThanOrEqual(1.5 * (gaps[at] ?? 0));
  }
  expect(new Set(restores)).toEqual(new Set(['QuotaExhausted', undefined]));
  // Each of them repeats the call, as LimitExceededException may pass.
  expect(ended.refused).toHaveLength(4 * 6);
});

it('costs no slot where the other tool applies the alias of the ring', async () => {
  const ended = await rounds(6, 'alias/a', ['alias/a'], true);
  for (const [nth, round] of ended.rounds.entries()) {
    expect(round).toMatchObject({
      sweep: { Drift: 0 },
      restored: undefined,
      counted: nth + 1,
    });
  }
});
