import {
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { kinesisClient, quotaLedger } from '../../shared/lambda/clients.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { recordStates } from '../support/workflow/record-states.ts';
import { countStartCalls } from '../support/workflow/start-calls.ts';

/** Long enough for a rotation to meet another one's update on a busy machine. */
const UPDATE_SECONDS = 2;

/** In one instant. */
const MANY = 200;

let aws: LocalRotations;
let kinesis: KinesisClient;

const ledgerOf = (StreamName: string) =>
  quotaLedger().read(
    `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`,
  );

/** How many ended how. */
function countBy(outcomes: readonly Outcome[]) {
  const counts: Record<string, number | undefined> = {};
  for (const outcome of outcomes) {
    const name =
      outcome.Status === 'SUCCEEDED' ? outcome.Outcome : outcome.Error;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

beforeAll(async () => {
  aws = await openLocalRotations(UPDATE_SECONDS, 10 + MANY);
  kinesis = kinesisClient();
});

afterAll(async () => {
  kinesis.destroy();
  await aws.close();
});

describe('two rotations of one stream in the same instant', () => {
  it('for different keys: one succeeds, one fails', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcomes = await Promise.all([
      aws.rotate({ StreamName, KeyId: KeyIds[0] }),
      aws.rotate({ StreamName, KeyId: KeyIds[1] }),
    ]);
    const [winner, loser] = outcomes.sort((a, b) =>
      b.Status.localeCompare(a.Status),
    );
    expect(winner).toMatchObject({ Outcome: 'ROTATED' });
    expect(loser).toMatchObject({
      Error: 'RotationInProgress',
      Cause: expect.stringContaining(winner?.RotationId ?? ''),
      SlotsSpent: 0,
    });
    expect((await ledgerOf(StreamName)).Slots).toHaveLength(1);
  });

  it('for the same key: the second says that it is already in progress', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const calls = countStartCalls();
    const outcomes = await Promise.all([
      aws.rotate({ StreamName, KeyId: KeyIds[0] }),
      aws.rotate({ StreamName, KeyId: KeyIds[0] }),
    ]);
    calls.stop();
    const [second, first] = outcomes
      .filter((outcome) => outcome.Status === 'SUCCEEDED')
      .sort((a, b) => a.Outcome.localeCompare(b.Outcome));
    expect(first).toMatchObject({ Outcome: 'ROTATED' });
    expect(second).toMatchObject({
      Outcome: 'ALREADY_IN_PROGRESS',
      InProgressRotationId: first?.RotationId,
    });
    expect(calls.count()).toBe(1);
    expect((await ledgerOf(StreamName)).Slots).toHaveLength(1);
  });

  it('on in the same ring: the second joins the first, also while it updates', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    let late: ReturnType<typeof aws.rotate> | undefined;
    const first = await aws.rotate(
      { StreamName, KeyIds },
      {
        onEvent: ({ type, state }) => {
          if (type === 'StateEntered' && state?.name === 'IsStreamActive') {
            late ??= aws.rotate({ StreamName, KeyIds });
          }
        },
      },
    );
    expect(first).toMatchObject({ Outcome: 'ROTATED', KeyId: KeyIds[0] });
    expect(await late).toMatchObject({
      Outcome: 'ALREADY_IN_PROGRESS',
      KeyId: KeyIds[0],
    });
  });
});

describe(`${MANY} rotations in the same instant`, () => {
  it('of one stream: one moves it, with one Start and one slot', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const calls = countStartCalls();
    const outcomes = await Promise.all(
      Array.from({ length: MANY }, () =>
        aws.rotate({ StreamName, KeyId: KeyIds[0] }),
      ),
    );
    calls.stop();
    // On a slow machine, some come when all is over.
    const { ROTATED, ALREADY_IN_PROGRESS, UNCHANGED = 0 } = countBy(outcomes);
    expect(ROTATED).toBe(1);
    expect(ALREADY_IN_PROGRESS).toBe(MANY - 1 - UNCHANGED);
    expect(calls.count()).toBe(1);
    const { Slots, Lease } = await ledgerOf(StreamName);
    expect(Slots).toMatchObject([{ State: 'SPENT' }]);
    expect(Lease).toBeUndefined();
  });

  it('of as many streams: each moves, and none minds the others', async () => {
    const streams = Array.from({ length: MANY }, () => aws.nextStream());
    // To look at all of them every few milliseconds would take all the time.
    const waits = { WaitForPropagation: 0, WaitForUpdate: 1000 };
    const calls = countStartCalls();
    const outcomes = await Promise.all(
      streams.map(({ StreamName, KeyIds }) =>
        aws.rotate({ StreamName, KeyIds }, { waits }),
      ),
    );
    calls.stop();
    expect(countBy(outcomes)).toEqual({ ROTATED: MANY });
    expect(calls.count()).toBe(MANY);
    const entries = await Promise.all(
      streams.map(({ StreamName }) => ledgerOf(StreamName)),
    );
    expect(
      entries.filter(({ Slots, Lease }) => Slots.length !== 1 || Lease),
    ).toEqual([]);
  });
});

describe('a busy stream', () => {
  const outsideStart = (StreamName: string, KeyId: string) =>
    kinesis.send(
      new StartStreamEncryptionCommand({
        StreamName,
        EncryptionType: 'KMS',
        KeyId,
      }),
    );

  it('that is UPDATING when we come is waited for, with nothing held', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const [ours = '', theirs = ''] = KeyIds;
    await outsideStart(StreamName, theirs);
    const { states, onEvent } = recordStates();
    const outcome = await aws.rotate({ StreamName, KeyId: ours }, { onEvent });
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: ours,
      PreviousKeyId: theirs,
      Quota: { Used: 1 },
    });
    expect(states.slice(0, 5)).toEqual([
      'PlanRotation',
      'IsRotationNeeded',
      'WaitForStream',
      'IsRollingBack',
      'PlanRotation',
    ]);
  });

  it('that becomes UPDATING behind our plan costs no slot', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const [ours = '', theirs = ''] = KeyIds;
    const { states, onEvent } = recordStates();
    let isDone = false;
    const { ReserveQuota } = aws.handlers;
    const outcome = await aws.rotate(
      { StreamName, KeyId: ours },
      {
        onEvent,
        handlers: {
          ...aws.handlers,
          ReserveQuota: async (event, context) => {
            if (!isDone) await outsideStart(StreamName, theirs);
            isDone = true;
            return ReserveQuota?.(event, context);
          },
        },
      },
    );
    expect(states).toContain('WaitForStream');
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId: theirs,
      Quota: { Used: 1 },
    });
  });

  it('that another principal moves to our key needs nothing more', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    await outsideStart(StreamName, KeyIds[0] ?? '');
    const outcome = await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    expect(outcome).toMatchObject({ Outcome: 'UNCHANGED', Quota: { Used: 0 } });
  });
});
