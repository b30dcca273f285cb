import {
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinesisClient } from '../../shared/lambda/clients.ts';
import { ledgerOf } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { recordStates } from '../support/workflow/record-states.ts';
import { countStartCalls } from '../support/workflow/start-calls.ts';

/** Long enough for a rotation to meet another one's update on a busy machine. */
const UPDATE_SECONDS = 2;

let aws: LocalRotations;
let kinesis: KinesisClient;

beforeAll(async () => {
  aws = await openLocalRotations(UPDATE_SECONDS, 10);
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

describe('a busy stream', () => {
  const outsideStart = (StreamName: string, KeyId: string) =>
    aws.iam.elsewhere(() =>
      kinesis.send(
        new StartStreamEncryptionCommand({
          StreamName,
          EncryptionType: 'KMS',
          KeyId,
        }),
      ),
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
