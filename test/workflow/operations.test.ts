import {
  DeleteStreamCommand,
  SplitShardCommand,
  StartStreamEncryptionCommand,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  altered,
  awsError,
  meanwhile,
  type Rule,
} from '../../local/instruments/fault-proxy.ts';
import { CLOCK_MARGIN_MS } from '../../shared/ledger/window.ts';
import {
  createStream,
  type Laboratory,
  openLaboratory,
  type Specimen,
} from '../support/faults/laboratory.ts';
import { recordStates } from '../support/workflow/record-states.ts';

/** What operators meet, from end to end; docs/operations.md names each test. */
let laboratory: Laboratory;

beforeAll(async () => {
  laboratory = await openLaboratory();
});

afterAll(() => laboratory.close());

const MINUTE = 60_000;
const START = 'StartStreamEncryption';
const DESCRIBE = 'DescribeStreamSummary';

/** Describe answers with this instead, for so many times. */
const seen = (phase: string, summary: object, times?: number): Rule => ({
  operation: DESCRIBE,
  phase,
  ...(times !== undefined && { times }),
  fault: altered(
    ({ StreamDescriptionSummary }: { StreamDescriptionSummary: object }) => ({
      StreamDescriptionSummary: { ...StreamDescriptionSummary, ...summary },
    }),
  ),
});

/** An alias for a key that nobody else has. */
function newAlias({ StreamName }: Specimen, name: string) {
  const key = laboratory.store.create({});
  const KeyId = `alias/${StreamName}-${name}`;
  laboratory.store.setAlias(KeyId, key.KeyId);
  return { KeyId, KeyArn: key.Arn };
}

/** What another principal does, without the ledger. */
async function startOutside({ StreamName, key }: Specimen, KeyId: string) {
  await key();
  await laboratory.kinesis.send(
    new StartStreamEncryptionCommand({
      StreamName,
      EncryptionType: 'KMS',
      KeyId,
    }),
  );
  await key();
}

async function split({ StreamName }: Specimen) {
  await laboratory.kinesis.send(
    new SplitShardCommand({
      StreamName,
      ShardToSplit: 'shardId-000000000000',
      NewStartingHashKey: '170141183460469231731687303715884105728',
    }),
  );
}

async function remove({ StreamName, key }: Specimen) {
  await key();
  const client = laboratory.kinesis;
  await client.send(new DeleteStreamCommand({ StreamName }));
  await waitUntilStreamNotExists(
    { client, maxWaitTime: 10, minDelay: 0.05, maxDelay: 0.1 } as never,
    { StreamName },
  );
}

/** So many slots are counted, and nobody holds the stream. */
async function expectSettled({ entry }: Specimen, slots: number) {
  const { Slots, Lease } = await entry();
  expect(Slots).toHaveLength(slots);
  expect(Lease).toBeUndefined();
}

describe.concurrent('after the Start, a stream', () => {
  it('that reads ACTIVE as before is looked at again', async () => {
    const specimen = await laboratory.newSpecimen();
    const { scope, PreviousKeyId, KeyId } = specimen;
    const stale = { StreamStatus: 'ACTIVE', KeyId: PreviousKeyId };
    scope.rules.push(seen('DescribeStream', stale, 4));
    expect(await specimen.rotate()).toMatchObject({
      Outcome: 'ROTATED',
      KeyId,
    });
    expect(scope.count(DESCRIBE)).toBeGreaterThan(4);
    expect(scope.count(START)).toBe(1);
    await expectSettled(specimen, 1);
  });

  it('that is UPDATING for an hour fails the rotation, and stays counted', async () => {
    const specimen = await laboratory.newSpecimen();
    const { scope, time } = specimen;
    scope.rules.push(seen('DescribeStream', { StreamStatus: 'UPDATING' }));
    const outcome = await specimen.rotate({
      before: {
        DescribeStream: async () => {
          time.ahead += 61 * MINUTE;
        },
      },
    });
    expect(outcome).toMatchObject({
      Error: 'UpdateTimedOut',
      Cause: expect.stringContaining('still UPDATING 61 minutes'),
      SlotsSpent: 1,
    });
    await expectSettled(specimen, 1);
  });

  it('that another principal moves on is not called ours', async () => {
    const specimen = await laboratory.newSpecimen();
    const theirs = newAlias(specimen, 'theirs');
    const outcome = await specimen.rotate({
      before: { DescribeStream: () => startOutside(specimen, theirs.KeyId) },
    });
    expect(outcome).toMatchObject({
      Error: 'KeyMismatch',
      Cause: expect.stringContaining(theirs.KeyId),
      SlotsSpent: 1,
    });
    expect(await specimen.key()).toBe(theirs.KeyId);
    await expectSettled(specimen, 1);
  });

  it('that is deleted ends the rotation, and stays counted', async () => {
    const specimen = await laboratory.newSpecimen();
    const outcome = await specimen.rotate({
      before: { DescribeStream: () => remove(specimen) },
    });
    expect(outcome).toMatchObject({
      Error: 'ResourceNotFoundException',
      Cause: expect.stringContaining(specimen.StreamName),
      SlotsSpent: 1,
    });
    await expectSettled(specimen, 1);
  });

  it('that is deleted and made again is not called rotated', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamName, PreviousKeyId } = specimen;
    const outcome = await specimen.rotate({
      before: {
        DescribeStream: async () => {
          await remove(specimen);
          await createStream(laboratory.kinesis, StreamName, PreviousKeyId);
        },
      },
    });
    expect(outcome).toMatchObject({
      Error: 'KeyMismatch',
      Cause: expect.stringContaining(PreviousKeyId),
    });
    expect(await specimen.rotate()).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId,
      Quota: { Used: 2 },
    });
  });
});

describe.concurrent('between plan and Start', () => {
  it('a key that is disabled costs nothing, and is found the next time', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamName, scope, PreviousKeyId } = specimen;
    const { KeyId, KeyArn } = newAlias(specimen, 'disabled');
    const request = { StreamName, KeyId };
    // Kinesis would ask KMS; the emulator does not.
    const rule = { operation: START, fault: awsError('KMSDisabledException') };
    scope.rules.push(rule);
    const outcome = await specimen.rotate({
      request,
      before: {
        StartEncryption: async () => {
          laboratory.store.update(KeyId, { KeyState: 'Disabled' });
        },
      },
    });
    expect(outcome).toMatchObject({
      Error: 'KMSDisabledException',
      Cause: expect.stringContaining(KeyId),
      SlotsSpent: 0,
    });
    expect(await specimen.key()).toBe(PreviousKeyId);
    await expectSettled(specimen, 0);
    expect(await specimen.rotate({ request })).toMatchObject({
      Error: 'UnusableKey',
      Cause: expect.stringContaining(KeyArn),
    });
    expect(scope.count(START)).toBe(1);
  });

  it('an alias that is repointed is applied again the next time', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamName } = specimen;
    const { KeyId, KeyArn } = newAlias(specimen, 'moving');
    const other = newAlias(specimen, 'other');
    const request = { StreamName, KeyId };
    const outcome = await specimen.rotate({
      request,
      before: {
        StartEncryption: async () => {
          laboratory.store.setAlias(KeyId, other.KeyId);
        },
      },
    });
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', KeyArn });
    expect(await specimen.rotate({ request })).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn: other.KeyArn,
      Quota: { Used: 2 },
    });
    expect(await specimen.rotate({ request })).toMatchObject({
      Outcome: 'UNCHANGED',
    });
  });

  it('a stream that is deleted costs nothing', async () => {
    const specimen = await laboratory.newSpecimen();
    const outcome = await specimen.rotate({
      before: { StartEncryption: () => remove(specimen) },
    });
    expect(outcome).toMatchObject({
      Error: 'ResourceNotFoundException',
      SlotsSpent: 0,
    });
    await expectSettled(specimen, 0);
  });
});

/** What is seen of it is given: half a second is soon over on a busy machine. */
describe.concurrent('a stream that is being resharded', () => {
  it('is waited for, with nothing held', async () => {
    const specimen = await laboratory.newSpecimen();
    const busy = seen('PlanRotation', { StreamStatus: 'UPDATING' }, 1);
    specimen.scope.rules.push({
      ...busy,
      fault: meanwhile(() => split(specimen), busy.fault),
    });
    const { states, onEvent } = recordStates();
    const outcome = await specimen.rotate({ onEvent, inRealTime: true });
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
    expect(states.slice(0, 3)).toEqual([
      'PlanRotation',
      'IsRotationNeeded',
      'WaitForStream',
    ]);
  });

  it('behind our plan costs no slot, and is planned again', async () => {
    const specimen = await laboratory.newSpecimen();
    const busy = awsError('ResourceInUseException');
    specimen.scope.rules.push({
      operation: START,
      times: 1,
      fault: meanwhile(() => split(specimen), busy),
    });
    const { states, onEvent } = recordStates();
    const outcome = await specimen.rotate({ onEvent, inRealTime: true });
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
    expect(states).toContain('WaitForStream');
    await expectSettled(specimen, 1);
  });

  it('for more than an hour fails the rotation', async () => {
    const specimen = await laboratory.newSpecimen();
    const { scope } = specimen;
    scope.rules.push(seen('PlanRotation', { StreamStatus: 'UPDATING' }));
    expect(await specimen.rotate()).toMatchObject({
      Error: 'StreamBusy',
      Cause: expect.stringContaining('has been UPDATING since'),
      SlotsSpent: 0,
    });
    expect(scope.count(START)).toBe(0);
  });
});

describe.concurrent('a stream that was deleted and made again', () => {
  it('has what its predecessor spent, and not its key', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamName, time } = specimen;
    const { KeyId, KeyArn } = newAlias(specimen, 'a');
    const b = newAlias(specimen, 'b');
    time.ahead = -2 * CLOCK_MARGIN_MS;
    await specimen.rotate({ request: { StreamName, KeyId } });
    time.ahead = 0;
    await remove(specimen);
    laboratory.store.setAlias(KeyId, b.KeyId);
    await createStream(laboratory.kinesis, StreamName, KeyId);
    const outcome = await specimen.rotate({
      request: { StreamName, KeyId: KeyArn },
    });
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn,
      Quota: { Used: 2 },
    });
  });
});

describe.concurrent('the probe', () => {
  it('that meets a hot shard tries others', async () => {
    const specimen = await laboratory.newSpecimen();
    const { scope } = specimen;
    scope.rules.push({
      operation: 'PutRecord',
      times: 4,
      fault: awsError('ProvisionedThroughputExceededException'),
    });
    expect(await specimen.rotate()).toMatchObject({ Outcome: 'ROTATED' });
    const probes = scope.calls.filter(
      ({ operation }) => operation === 'PutRecord',
    );
    const keys = new Set(probes.map(({ body }) => body.PartitionKey));
    expect(keys.size).toBeGreaterThan(1);
  });
});

describe.concurrent('a ledger that throttles', () => {
  it('is asked again, at every step', async () => {
    const specimen = await laboratory.newSpecimen();
    const { scope } = specimen;
    const error = 'ProvisionedThroughputExceededException';
    for (const phase of [
      'PlanRotation',
      'ReserveQuota',
      'StartEncryption',
      'CompleteRotation',
    ]) {
      for (const operation of ['GetItem', 'PutItem']) {
        const fault = awsError(error);
        scope.rules.push({ operation, phase, times: 1, fault });
      }
    }
    expect(await specimen.rotate()).toMatchObject({ Outcome: 'ROTATED' });
    expect(scope.rules.filter((rule) => scope.met(rule) > 0)).toHaveLength(7);
    expect(scope.count(START)).toBe(1);
    await expectSettled(specimen, 1);
  });
});

describe.concurrent('a trigger', () => {
  it('that comes twice at once is one rotation', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamName, KeyId, PreviousKeyId, scope } = specimen;
    const request = { StreamName, KeyIds: [PreviousKeyId, KeyId] };
    let second: unknown;
    const first = await specimen.rotate({
      request,
      before: {
        DescribeStream: async () => {
          second = await specimen.rotate({ request });
        },
      },
    });
    expect(first).toMatchObject({ Outcome: 'ROTATED', KeyId });
    expect(second).toMatchObject({
      Outcome: 'ALREADY_IN_PROGRESS',
      InProgressRotationId: first.RotationId,
    });
    expect(scope.count(START)).toBe(1);
  });

  it('of a schedule that comes again minutes later changes nothing', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamName, KeyId, PreviousKeyId, time } = specimen;
    const request = {
      StreamName,
      KeyIds: [PreviousKeyId, KeyId],
      UnlessAppliedSince: new Date().toISOString(),
    };
    expect(await specimen.rotate({ request })).toMatchObject({
      Outcome: 'ROTATED',
      KeyId,
    });
    time.ahead += 5 * MINUTE;
    expect(await specimen.rotate({ request })).toMatchObject({
      Outcome: 'UNCHANGED',
      KeyId,
      Quota: { Used: 1 },
    });
    const UnlessAppliedSince = new Date(Date.now() + 2 * MINUTE).toISOString();
    expect(
      await specimen.rotate({ request: { ...request, UnlessAppliedSince } }),
    ).toMatchObject({ Outcome: 'ROTATED', KeyId: PreviousKeyId });
  });

  it('of an alarm that comes when the stream is in order again changes nothing', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamName, KeyId, PreviousKeyId, scope } = specimen;
    await startOutside(specimen, newAlias(specimen, 'foreign').KeyId);
    const request = {
      StreamName,
      KeyIds: [KeyId, PreviousKeyId],
      Mode: 'RESTORE',
      Trigger: { Source: 'alarm' },
    };
    const restored = await specimen.rotate({ request });
    expect(restored).toMatchObject({ Outcome: 'ROTATED', KeyId });
    const late = await specimen.rotate({ request });
    expect(late).toMatchObject({ Outcome: 'UNCHANGED', Quota: { Used: 1 } });
    expect(scope.count(START)).toBe(1);
  });
});

describe.concurrent('an execution that was stopped and settled, redriven', () => {
  it.each(['StartEncryption', 'DescribeStream', 'VerifyEncryption'])(
    'at %s after its lease ran out, ends what it began',
    async (stopAt) => {
      const specimen = await laboratory.newSpecimen();
      const { scope, time, KeyId } = specimen;
      const stopped = await specimen.rotate({ stopAt });
      expect(stopped).toMatchObject({ Error: 'ExecutionAborted' });
      await expectSettled(specimen, stopAt === 'StartEncryption' ? 0 : 1);
      await specimen.key();
      time.ahead += 120 * MINUTE;
      const outcome = await specimen.redrive(specimen.stop());
      const { RotationId } = stopped;
      expect(outcome).toMatchObject({ Outcome: 'ROTATED', KeyId, RotationId });
      expect(scope.applied(START)).toBe(1);
      await expectSettled(specimen, 1);
      expect(await specimen.history()).toMatchObject([{ Outcome: 'ROTATED' }]);
    },
  );

  it('before its Start, is planned again where another was faster', async () => {
    const specimen = await laboratory.newSpecimen();
    const { scope, time } = specimen;
    await specimen.rotate({ stopAt: 'StartEncryption' });
    await specimen.rotate();
    time.ahead += 2 * MINUTE;
    const outcome = await specimen.redrive(specimen.stop());
    expect(outcome).toMatchObject({ Outcome: 'UNCHANGED', Quota: { Used: 1 } });
    expect(scope.applied(START)).toBe(1);
  });

  it('in the two minutes in which a function may still run, holds nothing', async () => {
    const specimen = await laboratory.newSpecimen();
    await specimen.rotate({ stopAt: 'StartEncryption' });
    const outcome = await specimen.redrive(specimen.stop());
    expect(outcome).toMatchObject({
      Error: 'ExecutionAborted',
      Cause: expect.stringContaining('Redrive it in two minutes'),
      SlotsSpent: 0,
    });
    await expectSettled(specimen, 0);
  });

  it.each(['DescribeStream', 'VerifyEncryption'])(
    'at %s, does not claim a stream that another has moved on',
    async (stopAt) => {
      const specimen = await laboratory.newSpecimen();
      const { StreamName, time } = specimen;
      const other = newAlias(specimen, 'other');
      await specimen.rotate({ stopAt });
      await specimen.key();
      const request = { StreamName, KeyId: other.KeyId };
      expect(await specimen.rotate({ request })).toMatchObject({
        Outcome: 'ROTATED',
      });
      time.ahead += 2 * MINUTE;
      const outcome = await specimen.redrive(specimen.stop());
      expect(outcome).toMatchObject({
        Error: 'KeyMismatch',
        Cause: expect.stringContaining(other.KeyId),
        Quota: { Used: 2 },
      });
      expect(await specimen.key()).toBe(other.KeyId);
      await expectSettled(specimen, 2);
    },
  );
});

describe.concurrent('a stream that is given by name and by ARN', () => {
  it('is one stream: at once', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamARN, KeyId, scope } = specimen;
    let second: unknown;
    const first = await specimen.rotate({
      before: {
        DescribeStream: async () => {
          second = await specimen.rotate({ request: { StreamARN, KeyId } });
        },
      },
    });
    expect(first).toMatchObject({ Outcome: 'ROTATED', StreamARN });
    expect(second).toMatchObject({
      Outcome: 'ALREADY_IN_PROGRESS',
      InProgressRotationId: first.RotationId,
    });
    expect(scope.count(START)).toBe(1);
  });

  it('is one stream: one after the other', async () => {
    const specimen = await laboratory.newSpecimen();
    const { StreamARN, StreamName, KeyId, PreviousKeyId } = specimen;
    const KeyIds = [PreviousKeyId, KeyId];
    const byArn = await specimen.rotate({ request: { StreamARN, KeyIds } });
    expect(byArn).toMatchObject({ Outcome: 'ROTATED', StreamName, KeyId });
    const byName = await specimen.rotate({ request: { StreamName, KeyIds } });
    expect(byName).toMatchObject({
      Outcome: 'ROTATED',
      StreamARN,
      KeyId: PreviousKeyId,
      Quota: { Used: 2 },
    });
    expect(await specimen.history()).toHaveLength(2);
  });
});
