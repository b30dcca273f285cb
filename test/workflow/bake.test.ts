import {
  type CloudWatchClient,
  DeleteAlarmsCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callsOf } from '../../cli/preview/rotation-cost.ts';
import { createWatchAlarms } from '../../functions/watch-alarms.ts';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';
import type { Success } from '../../shared/contract/outcome.ts';
import { cloudWatchClient } from '../../shared/lambda/clients.ts';
import { ledgerOf } from '../support/workflow/ledger-of.ts';
import {
  bakeAlarm,
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { recordStates } from '../support/workflow/record-states.ts';

let aws: LocalRotations;
let cloudWatch: CloudWatchClient;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 10);
  cloudWatch = cloudWatchClient();
});

afterAll(async () => {
  cloudWatch.destroy();
  await aws.close();
});

const set = (AlarmName: string, StateValue: 'OK' | 'ALARM') =>
  cloudWatch.send(
    new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'test' }),
  );

/** A stream under the first key of its ring, and its alarm, which is OK. */
async function listed() {
  const { StreamName, KeyIds } = aws.nextStream();
  const AlarmName = bakeAlarm(StreamName);
  await cloudWatch.send(
    new PutMetricAlarmCommand({
      AlarmName,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  );
  await set(AlarmName, 'OK');
  const [first, second] = KeyIds;
  expect(await aws.rotate({ StreamName, KeyId: first })).toMatchObject({
    Outcome: 'ROTATED',
  });
  const request = {
    StreamName,
    KeyId: second,
    BakeMinutes: 2,
    BakeAlarms: [AlarmName],
  };
  return { StreamName, AlarmName, first, second, request };
}

/** Rotates while each look at the alarms is a minute after the one before. */
async function bake(
  request: object,
  onWait: (wait: number) => Promise<unknown> = async () => undefined,
) {
  const { states, onEvent } = recordStates();
  let minutes = 0;
  let waits = 0;
  let pending: Promise<unknown> = Promise.resolve();
  const watch = createWatchAlarms({
    cloudWatch,
    now: () => Date.now() + 60_000 * minutes,
  });
  const outcome = await aws.rotate(request, {
    handlers: {
      ...aws.handlers,
      WatchAlarms: async (event, context) => {
        await pending;
        return watch(event as never, context);
      },
    },
    waits: { ...aws.waits, WaitToBake: 0 },
    onEvent: (event: ExecutionEvent) => {
      onEvent(event);
      if (event.type !== 'StateEntered') return;
      if (event.state?.name !== 'WaitToBake') return;
      minutes++;
      pending = onWait(++waits);
    },
  });
  return { outcome, states };
}

describe('a rotation with a bake', () => {
  it('watches until the end, and says until when', async () => {
    const { request } = await listed();
    const { outcome, states } = await bake(request);
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      BakedUntil: expect.any(String),
    });
    const { VerifiedAt, BakedUntil } = outcome as Success;
    const bakedMs =
      Date.parse(String(BakedUntil)) - Date.parse(String(VerifiedAt));
    expect(bakedMs).toBeGreaterThanOrEqual(120_000);
    const [baked, unbaked] = [callsOf(1, 1, 2), callsOf(1, 1)];
    const ofBake = ['WatchAlarms', 'IsBaked', 'WaitToBake'];
    const visited = states.filter((name) => ofBake.includes(name));
    expect(visited).toHaveLength(
      baked.StateTransitions - unbaked.StateTransitions,
    );
    expect(visited.filter((name) => name === 'WatchAlarms')).toHaveLength(
      baked.DescribeAlarms,
    );
    expect(baked.LambdaInvocations - unbaked.LambdaInvocations).toBe(
      baked.DescribeAlarms,
    );
    expect(states.indexOf('WatchAlarms')).toBeLessThan(
      states.indexOf('ReserveQuota'),
    );
  });

  it('holds the lease for the bake as well', async () => {
    const { request, StreamName } = await listed();
    let lease: number | undefined;
    await bake({ ...request, BakeMinutes: 60, Force: false }, async () => {
      const entry = await ledgerOf(StreamName);
      lease ??=
        entry.Lease && entry.Lease.ExpiresAt - Number(entry.Lease.TakenAt);
    });
    expect(lease).toBe((75 + 60) * 60_000);
  });

  it('returns to the previous key when an alarm goes to ALARM', async () => {
    const { request, AlarmName, first, second, StreamName } = await listed();
    const { outcome } = await bake(request, (wait) =>
      wait === 2 ? set(AlarmName, 'ALARM') : Promise.resolve(),
    );
    expect(outcome).toMatchObject({
      Status: 'FAILED',
      Outcome: 'ROLLED_BACK',
      Error: 'AlarmDuringBake',
      Cause: expect.stringMatching(
        new RegExp(`alarm "${AlarmName}" was in ALARM since 2`),
      ),
      KeyId: second,
      Rollback: { Status: 'ROLLED_BACK', KeyId: first },
    });
    const { Lease, LastApplied } = await ledgerOf(StreamName);
    expect(Lease).toBeUndefined();
    expect(LastApplied?.KeyId).toBe(first);
  });

  it('keeps the key with OnVerificationFailed KEEP, and fails', async () => {
    const { request, AlarmName, second } = await listed();
    const kept = { ...request, OnVerificationFailed: 'KEEP' };
    const { outcome } = await bake(kept, () => set(AlarmName, 'ALARM'));
    expect(outcome).toMatchObject({
      Status: 'FAILED',
      Error: 'AlarmDuringBake',
      KeyId: second,
      SlotsSpent: 1,
    });
    expect(outcome).not.toHaveProperty('Rollback');
  });

  it('does not start while an alarm is in ALARM', async () => {
    const { request, AlarmName, StreamName } = await listed();
    await set(AlarmName, 'ALARM');
    const { outcome, states } = await bake(request);
    expect(outcome).toMatchObject({
      Error: 'AlarmBeforeStart',
      Cause: expect.stringContaining(`"${AlarmName}" was in ALARM`),
      SlotsSpent: 0,
    });
    expect(states).not.toContain('ReserveQuota');
    expect((await ledgerOf(StreamName)).Lease).toBeUndefined();
  });

  it('starts with Force, and leaves that alarm out', async () => {
    const { request, AlarmName } = await listed();
    await set(AlarmName, 'ALARM');
    const { outcome } = await bake({ ...request, Force: true });
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      BakedUntil: expect.any(String),
    });
  });

  it('counts an alarm that is deleted during the bake', async () => {
    const { request, AlarmName, first } = await listed();
    const { outcome } = await bake(request, () =>
      cloudWatch.send(new DeleteAlarmsCommand({ AlarmNames: [AlarmName] })),
    );
    expect(outcome).toMatchObject({
      Error: 'AlarmDuringBake',
      Cause: expect.stringContaining('does not exist'),
      Rollback: { Status: 'ROLLED_BACK', KeyId: first },
    });
  });

  it('does not bake where nothing is applied', async () => {
    const { request, first } = await listed();
    const { outcome, states } = await bake({ ...request, KeyId: first });
    expect(outcome).toMatchObject({ Outcome: 'UNCHANGED' });
    expect(outcome).not.toHaveProperty('BakedUntil');
    expect(states).not.toContain('WatchAlarms');
  });
});
