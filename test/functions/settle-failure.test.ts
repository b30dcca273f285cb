import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { createCompleteRotation } from '../../functions/complete-rotation.ts';
import { createSettleFailure } from '../../functions/settle-failure.ts';
import { ensureLedgerTable } from '../../local/session/ledger-table.ts';
import type { LocalAws } from '../../local/session/local-aws.ts';
import type { Outcome, Success } from '../../shared/contract/outcome.ts';
import { NO_NOTIFIER, type Notifier } from '../../shared/lambda/notifier.ts';
import { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import type { RotationState } from '../../shared/rotation/state.ts';
import { publishedBy } from '../support/aws/published-metrics.ts';
import { recordsOf as recordsIn } from '../support/aws/records-of.ts';
import { openLocalRotations } from '../support/workflow/local-rotations.ts';

const TABLE = 'settle-failure';
const STARTED_AT = '2026-01-01T00:00:00.000Z';
const EXECUTION =
  'arn:aws:states:us-east-1:000000000000:execution:rotate-stream';

let aws: LocalAws;
let client: DynamoDBClient;
let ledger: QuotaLedger;
let streams = 0;

beforeAll(async () => {
  aws = await openLocalRotations(0.1);
  client = new DynamoDBClient();
  await ensureLedgerTable(TABLE);
  ledger = new QuotaLedger(client, TABLE);
});

afterAll(async () => {
  client.destroy();
  await aws.close();
});

/** What others were told, in order. */
const told: Outcome[] = [];
const notifier: Notifier = {
  publish: async (outcome) => {
    told.push(outcome);
  },
};
const toldOf = (rotationId: string) =>
  told.filter(({ RotationId }) => RotationId === rotationId);

const context = { functionName: 'test' } as never;
const settle = (event: object): Promise<Outcome> =>
  createSettleFailure({ ledger, notifier })(event as never, context);
const complete = (state: object): Promise<Success> =>
  createCompleteRotation({ ledger, notifier })(state as never, context);

/** Step Functions' event of an execution that was stopped. */
const ended = (
  executionArn: string,
  input: object,
  { Error: error, Cause: cause }: { Error: string; Cause: string },
  detail: object = {},
) => ({
  'detail-type': 'Step Functions Execution Status Change',
  detail: {
    executionArn,
    status: 'ABORTED',
    startDate: Date.parse(STARTED_AT),
    input: JSON.stringify(input),
    error,
    cause,
    ...detail,
  },
});

const recordsOf = (streamArn: string) => recordsIn(client, TABLE, streamArn);

/** A rotation that has the lease of a stream of its own, and a slot. */
async function holding() {
  const StreamName = `held-${++streams}`;
  const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`;
  const RotationId = `${EXECUTION}:${StreamName}`;
  const key = {
    KeyId: 'alias/a',
    KeyArn: 'arn:a',
    PreviousKeyId: 'alias/b',
    PreviousKeyArn: 'arn:b',
  };
  const reservation = await ledger.reserve(StreamARN, {
    RotationId,
    StartedAt: STARTED_AT,
    ...key,
    LastAppliedAt: null,
    LeaseMs: 60_000,
  });
  if (reservation.Status !== 'GRANTED') throw new Error(reservation.Status);
  onTestFinished(async () => {
    expect(await ledger.read(StreamARN)).not.toHaveProperty('Lease');
  });
  const Plan = {
    RotationId,
    StartedAt: STARTED_AT,
    StreamName,
    StreamARN,
    Decision: 'ROTATE',
    ...key,
  };
  const { SlotId } = reservation;
  return { StreamName, StreamARN, RotationId, Plan, SlotId };
}

describe('SettleFailure', () => {
  const Failure = { Error: 'ExecutionAborted', Cause: 'Stopped by hand' };

  it('knows from the lease alone what an aborted rotation held', async () => {
    const { StreamName, StreamARN, RotationId } = await holding();
    const event = ended(RotationId, { StreamName, KeyId: 'alias/a' }, Failure);
    expect(await settle(event)).toEqual({
      Status: 'FAILED',
      ...Failure,
      RotationId,
      StartedAt: STARTED_AT,
      StreamName,
      StreamARN,
      EncryptionType: 'KMS',
      KeyId: 'alias/a',
      KeyArn: 'arn:a',
      PreviousKeyId: 'alias/b',
      SlotsSpent: 0,
      Quota: { Limit: 25, Used: 0, Remaining: 25, NextAvailableAt: null },
    });
    const { Version } = await ledger.read(StreamARN);
    await settle(event);
    expect((await ledger.read(StreamARN)).Version).toBe(Version);
  });

  it('leaves the lease of another rotation alone', async () => {
    const { StreamName, StreamARN, RotationId } = await holding();
    await settle(ended(`${EXECUTION}:other`, { StreamName }, Failure));
    expect((await ledger.read(StreamARN)).Lease?.RotationId).toBe(RotationId);
    await settle(ended(RotationId, { StreamName }, Failure));
  });

  it('gives a slot back that Describe proved unused', async () => {
    const { StreamARN, RotationId, Plan, SlotId } = await holding();
    await ledger.spend(StreamARN, RotationId, SlotId, 10_000);
    const Progress = {
      Plan,
      Start: { Status: 'UNKNOWN', SlotId },
      Failure: { Error: 'StartNotApplied', Cause: 'three times' },
    };
    const event = { RotationId, StartedAt: STARTED_AT, Request: {}, Progress };
    expect(await settle(event)).toMatchObject({ SlotsSpent: 0 });
  });

  it('settles, and says why it failed, also when no record can be kept', async () => {
    const { RotationId, Plan } = await holding();
    const forgetful = new DynamoDBClient({ maxAttempts: 1 });
    onTestFinished(() => forgetful.destroy());
    forgetful.middlewareStack.add((next) => (args) => {
      const { Item } = args.input as { Item?: { Record?: { S?: string } } };
      if (Item?.Record?.S?.startsWith('ROTATION#')) throw new Error('no');
      return next(args);
    });
    const answer = await createSettleFailure({
      ledger: new QuotaLedger(forgetful, TABLE),
      notifier: NO_NOTIFIER,
    })(
      {
        RotationId,
        StartedAt: STARTED_AT,
        Request: {},
        Progress: { Plan, Failure } as never,
      },
      context,
    );
    expect(answer).toMatchObject({ ...Failure, SlotsSpent: 0 });
  });

  it('measures a rotation once that was aborted', async () => {
    const { StreamName, StreamARN, RotationId } = await holding();
    const event = ended(RotationId, { StreamName }, Failure);
    const metrics = await publishedBy(async () => {
      await settle(event);
      await settle(event);
    });
    const [first, ...again] = toldOf(RotationId);
    expect(first).toMatchObject({ Error: 'ExecutionAborted', StreamARN });
    // Nobody knows whether the first run came to tell it.
    expect(again).toEqual([first]);
    expect(metrics).toEqual([
      ['Failed', StreamName, 1],
      ['QuotaUsed', StreamName, 0],
    ]);
    expect(await recordsOf(StreamARN)).toMatchObject([
      { RotationId, Error: 'ExecutionAborted' },
    ]);
  });

  it('publishes no failure again that the state machine settled', async () => {
    const { StreamName, StreamARN, RotationId, Plan } = await holding();
    const Failure = { Error: 'UpdateTimedOut', Cause: 'an hour' };
    const outcome = await settle({
      RotationId,
      StartedAt: STARTED_AT.replace('.000Z', '+00:00'),
      Request: { StreamName },
      Progress: { Plan, Failure },
    });
    expect(outcome).toMatchObject({ ...Failure, KeyId: 'alias/a' });
    expect(toldOf(RotationId)).toEqual([outcome]);
    const records = await recordsOf(StreamARN);
    expect(records).toMatchObject([{ ...Failure, KeyId: 'alias/a' }]);
    const status = { status: 'FAILED' };
    await settle(ended(RotationId, { StreamName }, Failure, status));
    expect(toldOf(RotationId)).toHaveLength(1);
    // In the same place: both spell the start of the execution alike.
    expect(await recordsOf(StreamARN)).toEqual(records);
  });

  it('tells again when the state machine settles again, and keeps the last', async () => {
    const { StreamName, StreamARN, RotationId, Plan } = await holding();
    const inside = {
      RotationId,
      StartedAt: STARTED_AT,
      Request: { StreamName },
    };
    // Nobody knows how far a function came that is run again.
    await settle({ ...inside, Progress: Failure });
    await settle({ ...inside, Progress: Failure });
    expect(toldOf(RotationId)).toHaveLength(2);
    const last = { Error: 'UpdateTimedOut', Cause: 'after a redrive' };
    await settle({ ...inside, Progress: { Plan, Failure: last } });
    expect(toldOf(RotationId).at(-1)).toMatchObject(last);
    expect(await recordsOf(StreamARN)).toMatchObject([last]);
  });

  it('does not make a failure of a rotation that was completed', async () => {
    const { StreamName, StreamARN, RotationId, Plan } = await holding();
    const unchanged = { Plan: { ...Plan, Decision: 'UNCHANGED' } };
    let success: Success | undefined;
    const metrics = await publishedBy(async () => {
      success = await complete(unchanged);
    });
    expect(metrics).toEqual([
      ['Unchanged', StreamName, 1],
      ['QuotaUsed', StreamName, 0],
    ]);
    const records = await recordsOf(StreamARN);
    expect(records).toMatchObject([{ Status: 'SUCCEEDED' }]);
    await settle(ended(RotationId, { StreamName }, Failure));
    const late = { RotationId, StartedAt: STARTED_AT, Request: { StreamName } };
    await settle({ ...late, Progress: { Plan, Failure } });
    expect(await recordsOf(StreamARN)).toEqual(records);
    expect(toldOf(RotationId)[0]).toEqual(success);
  });

  it.each(['ABORTED', 'TIMED_OUT'])(
    'tells what is on record of a rotation that was %s behind it',
    async (status) => {
      const { StreamName, StreamARN, RotationId, Plan } = await holding();
      const success = await createCompleteRotation({
        ledger,
        notifier: NO_NOTIFIER,
      })({ Plan } as never, context);
      const records = await recordsOf(StreamARN);
      const event = ended(RotationId, { StreamName }, Failure, { status });
      expect(await settle(event)).toEqual(success);
      expect(toldOf(RotationId)).toEqual([success]);
      expect(await recordsOf(StreamARN)).toEqual(records);
    },
  );

  it.each(['RUNNING', 'SUCCEEDED', 'PENDING_REDRIVE'])(
    'takes nothing from an execution that is %s',
    async (status) => {
      const { StreamName, StreamARN, RotationId } = await holding();
      const before = await ledger.read(StreamARN);
      const input = { StreamName };
      await expect(
        settle(ended(RotationId, input, Failure, { status })),
      ).rejects.toMatchObject({
        name: 'InvalidRequest',
        message: expect.stringContaining(status),
      });
      expect(await ledger.read(StreamARN)).toEqual(before);
      expect(await recordsOf(StreamARN)).toEqual([]);
      expect(toldOf(RotationId)).toEqual([]);
      await settle(ended(RotationId, input, Failure));
    },
  );

  it.each([
    ['is missing', undefined],
    ['is null', null],
    ['is no JSON', '{'],
    ['names no stream', '{"KeyId":"alias/a"}'],
  ])('has nothing to settle where the input %s', async (what, input) => {
    const RotationId = `${EXECUTION}:${what}`;
    const event = ended(RotationId, {}, Failure, { input });
    expect(await settle(event)).toEqual({
      Status: 'FAILED',
      ...Failure,
      RotationId,
      StartedAt: STARTED_AT,
    });
    expect(toldOf(RotationId)).toEqual([]);
  });

  it('keeps the Trigger of an aborted rotation', async () => {
    const { StreamName, StreamARN, RotationId } = await holding();
    const Trigger = { Source: 'schedule', ScheduledTime: STARTED_AT };
    const input = { StreamName, KeyId: 'alias/a', Trigger };
    const outcome = await settle(ended(RotationId, input, Failure));
    expect(outcome.Trigger).toEqual(Trigger);
    expect(await recordsOf(StreamARN)).toMatchObject([{ Trigger }]);
  });

  it('reads the failure of PlanRotation, where there is no state yet', async () => {
    const errorMessage = 'KeyId "x" is not a key id';
    const outcome = await settle({
      RotationId: `${EXECUTION}:x`,
      StartedAt: STARTED_AT,
      Request: 'no request at all',
      Progress: {
        Error: 'InvalidRequest',
        Cause: JSON.stringify({ errorType: 'InvalidRequest', errorMessage }),
      },
    });
    expect(outcome).toEqual({
      Status: 'FAILED',
      Error: 'InvalidRequest',
      Cause: errorMessage,
      RotationId: `${EXECUTION}:x`,
      StartedAt: STARTED_AT,
    });
    expect(toldOf(`${EXECUTION}:x`)).toEqual([outcome]);
  });
});

describe('CompleteRotation', () => {
  it('may run twice, and remembers a key that only Describe saw applied', async () => {
    const { StreamARN, RotationId, Plan, SlotId } = await holding();
    await ledger.spend(StreamARN, RotationId, SlotId, 10_000);
    const ActiveAt = new Date().toISOString();
    const state = {
      Plan,
      Reservation: { Status: 'GRANTED', SlotId },
      Description: { Status: 'ACTIVE', ActiveAt },
    } as unknown as RotationState;
    const first = await complete(state);
    expect(first).toMatchObject({
      Outcome: 'ROTATED',
      ActiveAt,
      Quota: { Used: 1 },
    });
    expect(await complete(state)).toEqual(first);
    expect(toldOf(RotationId)).toEqual([first, first]);
    expect(await recordsOf(StreamARN)).toHaveLength(1);
    expect((await ledger.read(StreamARN)).LastApplied).toEqual({
      KeyId: 'alias/a',
      KeyArn: 'arn:a',
      AppliedAt: Date.parse(ActiveAt),
      Previous: { KeyId: 'alias/b', KeyArn: 'arn:b' },
    });
  });
});
