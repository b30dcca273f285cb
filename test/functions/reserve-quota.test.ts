import {
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import { createReserveQuota } from '../../functions/reserve-quota.ts';
import { executionName } from '../../shared/identifiers/arn.ts';
import { quotaLedger } from '../../shared/lambda/clients.ts';
import { QUOTA_LIMIT, STOPPED_MS } from '../../shared/ledger/window.ts';
import type { PlannedState } from '../../shared/rotation/state.ts';
import { stepFunctionsAt } from '../support/local/connected-clients.ts';
import { stepFunctionsRunning } from '../support/local/step-functions.ts';
import { CLOSED_PORT } from '../support/local/taken-port.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { CONTEXT, plannedState } from '../support/workflow/planned-state.ts';

let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 8);
});

afterAll(() => aws.close());

const reserve = (state: PlannedState, sfn?: SFNClient) =>
  createReserveQuota({ ledger: quotaLedger(), sfn })(state, CONTEXT);

/** Step Functions with executions that run until they are stopped. */
async function stepFunctions() {
  const { sfn, stateMachineArn } = await stepFunctionsRunning(
    async ({ signal }) => {
      await new Promise((end) => signal?.addEventListener('abort', end));
    },
  );
  const start = (name: string) =>
    sfn.send(new StartExecutionCommand({ stateMachineArn, name }));
  return { sfn, start };
}

/** Two rotations of one stream to one key; the first one has the lease. */
async function twoRotations(sfn: SFNClient) {
  const stream = aws.nextStream();
  const first = await plannedState(aws, stream);
  const second = await plannedState(aws, stream);
  const { RotationId, StreamARN } = first.Plan;
  const reserved = await reserve(first, sfn);
  return { first, second, RotationId, StreamARN, reserved };
}

describe('ReserveQuota', () => {
  it('grants the same slot again when it runs twice', async () => {
    const state = await plannedState(aws, aws.nextStream());
    const first = await reserve(state);
    expect(first).toMatchObject({ Status: 'GRANTED' });
    expect(await reserve(state)).toMatchObject({
      Status: 'GRANTED',
      SlotId: 'SlotId' in first ? first.SlotId : undefined,
    });
    const { Used } = await quotaLedger().usage(state.Plan.StreamARN);
    expect(Used).toBe(1);
  });

  it('names the rotation that holds the stream, by the key that it applies', async () => {
    const stream = aws.nextStream();
    const [first, same, other] = [
      await plannedState(aws, stream),
      await plannedState(aws, stream),
      await plannedState(aws, stream, {
        KeyId: stream.KeyIds[2],
        KeyIds: undefined,
      }),
    ];
    await reserve(first);
    const InProgressRotationId = first.Plan.RotationId;
    expect(await reserve(same)).toMatchObject({
      Status: 'ALREADY_IN_PROGRESS',
      InProgressRotationId,
    });
    expect(await reserve(other)).toMatchObject({
      Status: 'ROTATION_IN_PROGRESS',
      InProgressRotationId,
    });
  });

  it('believes a lease only while its execution runs', async () => {
    const { sfn, start } = await stepFunctions();
    const { first, second, RotationId, StreamARN } = await twoRotations(sfn);
    const { executionArn } = await start(executionName(RotationId));
    expect(executionArn).toBe(RotationId);
    expect(await reserve(second, sfn)).toMatchObject({
      Status: 'ALREADY_IN_PROGRESS',
      InProgressRotationId: RotationId,
    });
    // Its settlement is lost, or not there yet.
    await sfn.send(new StopExecutionCommand({ executionArn }));
    expect(await reserve(second, sfn)).toMatchObject({ Status: 'GRANTED' });
    const { Slots, Lease } = await quotaLedger().read(StreamARN);
    expect(Slots).toHaveLength(1);
    expect(Lease?.RotationId).toBe(second.Plan.RotationId);
    await expect(reserve(first, sfn)).rejects.toThrow(/was stopped/);
    const settled = await quotaLedger().settleStopped(StreamARN, RotationId);
    expect(settled.Lease).toMatchObject({
      RotationId,
      KeyId: first.Plan.KeyId,
    });
  });

  it('believes a lease that was taken long after the end: by a redrive', async () => {
    const { sfn, start } = await stepFunctions();
    const { second, RotationId } = await twoRotations(sfn);
    const { executionArn } = await start(executionName(RotationId));
    vi.useFakeTimers({ now: Date.now() - STOPPED_MS - 1000, toFake: ['Date'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    await sfn.send(new StopExecutionCommand({ executionArn }));
    vi.useRealTimers();
    expect(await reserve(second, sfn)).toMatchObject({
      Status: 'ALREADY_IN_PROGRESS',
    });
  });

  it.each([
    ['does not know the execution', undefined],
    ['does not answer', `http://127.0.0.1:${CLOSED_PORT}`],
  ])('believes a lease where Step Functions %s', async (_, endpoint) => {
    const sfn = endpoint
      ? stepFunctionsAt(endpoint)
      : (await stepFunctions()).sfn;
    const { second } = await twoRotations(sfn);
    expect(await reserve(second, sfn)).toMatchObject({
      Status: 'ALREADY_IN_PROGRESS',
    });
  });

  it('refuses an exhausted quota, and says when a slot is free', async () => {
    const state = await plannedState(aws, aws.nextStream());
    const { StreamARN } = state.Plan;
    for (let at = 0; at < QUOTA_LIMIT; at++) {
      await quotaLedger().recordExternalStart(StreamARN, {
        RequestId: `request-${at}`,
        KeyId: 'alias/another',
        At: Date.now() - 60_000,
        By: 'arn:aws:iam::000000000000:user/another',
      });
    }
    const { LastApplied } = await quotaLedger().read(StreamARN);
    const LastAppliedAt = LastApplied?.AppliedAt ?? null;
    const Plan = { ...state.Plan, LastAppliedAt };
    expect(await reserve({ Plan })).toMatchObject({
      Status: 'QUOTA_EXHAUSTED',
      NextAvailableAt: expect.stringMatching(/^\d{4}-/),
      Cause: expect.stringContaining('25 of its 25 keys in 24 hours'),
    });
  });
});
