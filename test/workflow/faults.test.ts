import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type KinesisClient,
  UpdateStreamModeCommand,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDescribeStream } from '../../functions/describe-stream.ts';
import { createReserveQuota } from '../../functions/reserve-quota.ts';
import { createStartEncryption } from '../../functions/start-encryption.ts';
import { createVerifyEncryption } from '../../functions/verify-encryption.ts';
import {
  awsError,
  DROPPED_AFTER,
  DROPPED_BEFORE,
  type Fault,
} from '../../local/instruments/fault-proxy.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import { MAX_START_ATTEMPTS } from '../../shared/rotation/start-error.ts';
import {
  closeFaultyClients,
  faultyKinesis,
} from '../support/workflow/faulty-kinesis.ts';
import { ledgerOf } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { NO_RETRY_PAUSES } from '../support/workflow/no-retry-pauses.ts';

/** Faults that the emulators cannot be brought to show by themselves. */
let aws: LocalRotations;
let kms: KMSClient;
const clients: KinesisClient[] = [];

function withStart(faults: Fault[], rest: TaskHandlers = {}): TaskHandlers {
  const StartEncryption = createStartEncryption({
    kinesis: faultyKinesis('StartStreamEncryption', faults),
    kms,
    ledger: quotaLedger(),
    now: Date.now,
    random: () => 0,
  });
  return { ...aws.handlers, StartEncryption, ...rest };
}

/** Sees a minute pass with every look, so that nobody waits for one. */
function withHastyDescribe(): TaskHandlers {
  let looks = 0;
  const DescribeStream = createDescribeStream({
    kinesis: kinesisClient(),
    kms,
    now: () => Date.now() + 60_000 * looks++,
  });
  return { DescribeStream };
}

async function rotate(request: object, handlers: TaskHandlers) {
  return aws.rotate(request, { handlers, retries: NO_RETRY_PAUSES });
}

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 30);
  kms = kmsClient();
});

afterAll(async () => {
  kms.destroy();
  for (const client of clients) client.destroy();
  await closeFaultyClients();
  await aws.close();
});

describe('StartStreamEncryption', () => {
  it('whose answer is lost after it was applied is not made again', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([DROPPED_AFTER]),
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
    const { Slots, LastApplied } = await ledgerOf(StreamName);
    expect(Slots).toMatchObject([{ State: 'SPENT' }]);
    expect(LastApplied).toMatchObject({ KeyId: KeyIds[0] });
  });

  it('that never arrived is made again, for the same slot', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([DROPPED_BEFORE], withHastyDescribe()),
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
  });

  it('that never arrives fails in the end, and costs nothing', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart(Array(9).fill(DROPPED_BEFORE), withHastyDescribe()),
    );
    expect(outcome).toMatchObject({
      Error: 'StartNotApplied',
      SlotsSpent: 0,
      Quota: { Used: 0 },
    });
  });

  it('that finds the stream busy for ever after is given up', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const busy = Array(9).fill(awsError('ResourceInUseException'));
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([DROPPED_BEFORE, ...busy], withHastyDescribe()),
    );
    expect(outcome).toMatchObject({
      Error: 'StartNotApplied',
      SlotsSpent: 0,
    });
  });

  it('of a key that reads the same, unanswered: fails as StartUnconfirmed', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const KeyId = KeyIds[0];
    await aws.rotate({ StreamName, KeyId });
    const outcome = await rotate(
      { StreamName, KeyId, Force: true },
      withStart([DROPPED_BEFORE], withHastyDescribe()),
    );
    expect(outcome).toMatchObject({
      Error: 'StartUnconfirmed',
      SlotsSpent: 1,
      Quota: { Used: 2 },
    });
  });

  it('that never arrived is not taken for another principal’s update', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const KeyId = KeyIds[0];
    await aws.rotate({ StreamName, KeyId });
    const other = kinesisClient();
    clients.push(other);
    const { DescribeStream } = withHastyDescribe();
    let isResharding = false;
    const outcome = await rotate(
      { StreamName, KeyId, Force: true },
      withStart([DROPPED_BEFORE], {
        DescribeStream: async (event, context) => {
          if (!isResharding) {
            await aws.iam.elsewhere(() =>
              other.send(
                new UpdateStreamModeCommand({
                  StreamARN: `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`,
                  StreamModeDetails: { StreamMode: 'ON_DEMAND' },
                }),
              ),
            );
          }
          isResharding = true;
          return DescribeStream?.(event, context);
        },
      }),
    );
    expect(outcome).toMatchObject({ Error: 'StartUnconfirmed' });
  });

  it('that was answered is not called unanswered when it is asked about again', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const KeyId = KeyIds[0];
    await aws.rotate({ StreamName, KeyId });
    const { StartEncryption } = aws.handlers;
    let runs = 0;
    const outcome = await rotate(
      { StreamName, KeyId, Force: true },
      {
        ...aws.handlers,
        ...withHastyDescribe(),
        StartEncryption: async (event, context) => {
          const answer = await StartEncryption?.(event, context);
          if (runs++ > 0) return answer;
          throw Object.assign(new Error('lost'), { name: 'Lambda.Unknown' });
        },
      },
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 2 } });
  });

  it('that is refused because its lost forerunner was applied stays counted', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const { DescribeStream } = withHastyDescribe();
    let looks = 0;
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([DROPPED_AFTER, awsError('ResourceInUseException')], {
        DescribeStream: async (event, context) =>
          looks++ > 0
            ? DescribeStream?.(event, context)
            : { Status: 'NOT_APPLIED', StreamStatus: 'ACTIVE', WaitSeconds: 1 },
      }),
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
  });

  it('that is refused gives back the slot, under AWS’s own name', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([awsError('KMSAccessDeniedException')]),
    );
    expect(outcome).toMatchObject({
      Error: 'KMSAccessDeniedException',
      Cause: expect.stringContaining(KeyIds[0] ?? ''),
      SlotsSpent: 0,
      Quota: { Used: 0 },
    });
    expect(await ledgerOf(StreamName)).not.toHaveProperty('Lease');
  });

  it('for a key that has become unusable is not tried twice', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([awsError('KMSInvalidStateException')]),
    );
    expect(outcome).toMatchObject({
      Error: 'KMSInvalidStateException',
      SlotsSpent: 0,
    });
  });

  it('that is throttled is tried again', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([
        awsError('KMSThrottlingException'),
        awsError('LimitExceededException'),
      ]),
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
  });

  it('that keeps meeting LimitExceeded ends as QuotaExhausted', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const limit = Array(MAX_START_ATTEMPTS).fill(
      awsError('LimitExceededException'),
    );
    const request = { StreamName, KeyId: KeyIds[0] };
    const outcome = await rotate(request, withStart(limit));
    expect(outcome).toMatchObject({
      Error: 'QuotaExhausted',
      Cause: expect.stringContaining(
        'has used 0 of its 25 keys in 24 hours by this ledger',
      ),
      SlotsSpent: 0,
      Quota: { Used: 25, Remaining: 0, UsedByOthers: 25 },
    });
    expect(await aws.rotate(request)).toMatchObject({
      Error: 'QuotaExhausted',
    });
  });

  it('that met a limit once, after throttles, does not mean that', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart([
        ...Array(MAX_START_ATTEMPTS - 1).fill(
          awsError('KMSThrottlingException'),
        ),
        awsError('LimitExceededException'),
      ]),
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
  });

  it('that is throttled for too long fails under AWS’s own name', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      withStart(Array(20).fill(awsError('KMSThrottlingException'))),
    );
    expect(outcome).toMatchObject({
      Error: 'ServiceUnavailable',
      Cause: expect.stringContaining('KMSThrottlingException'),
      SlotsSpent: 0,
    });
  });

  it('is not made twice by a function that is run again', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const crashing = withStart([]).StartEncryption;
    let runs = 0;
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      {
        ...aws.handlers,
        StartEncryption: async (event, context) => {
          const answer = await crashing?.(event, context);
          if (runs++ > 0) return answer;
          throw Object.assign(new Error('killed'), {
            name: 'Lambda.ServiceException',
          });
        },
      },
    );
    expect(runs).toBe(2);
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
  });
});

describe('a stream whose KeyId comes back in another form', () => {
  /** Looks a minute later each time, at a stream that shows this KeyId. */
  function describing(KeyId: string) {
    const rogue = kinesisClient();
    rogue.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const answer = (await next(args)) as {
            output: { StreamDescriptionSummary?: object };
          };
          if (commandName === 'DescribeStreamSummaryCommand') {
            const summary = answer.output.StreamDescriptionSummary ?? {};
            Object.assign(summary, { KeyId });
          }
          return answer as never;
        },
      { step: 'initialize' },
    );
    clients.push(rogue);
    let looks = 0;
    return createDescribeStream({
      kinesis: rogue,
      kms,
      now: () => Date.now() + 60_000 * looks++,
    });
  }

  it('is known by its ARN', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const [KeyId = ''] = KeyIds;
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
    const outcome = await rotate(
      { StreamName, KeyId },
      {
        ...aws.handlers,
        DescribeStream: describing(KeyMetadata?.KeyId ?? ''),
      },
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED', KeyId });
  });

  it.each([
    ['another key of the ring', (ring: string[]) => ring[2] ?? ''],
    ['a key that KMS does not know', () => 'alias/nobody'],
  ])('fails loudly when it is %s', async (_, other) => {
    const { StreamName, KeyIds } = aws.nextStream();
    const theirs = other(KeyIds);
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      { ...aws.handlers, DescribeStream: describing(theirs) },
    );
    expect(outcome).toMatchObject({
      Error: 'KeyMismatch',
      Cause: expect.stringContaining(theirs),
      SlotsSpent: 1,
    });
  });
});

describe('the probe', () => {
  const answering = (types: string[]) => {
    const client = kinesisClient();
    client.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          const answer = (await next(args)) as { output: object };
          const EncryptionType = types.shift();
          if (commandName === 'PutRecordCommand' && EncryptionType) {
            Object.assign(answer.output, { EncryptionType });
          }
          return answer as never;
        },
      { step: 'initialize' },
    );
    clients.push(client);
    return createVerifyEncryption({ kinesis: client, now: Date.now });
  };

  it('whose first answers are NONE is written again', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      { ...aws.handlers, VerifyEncryption: answering(['NONE', 'NONE']) },
    );
    expect(outcome).toMatchObject({ Outcome: 'ROTATED' });
  });

  it('that stays NONE fails the rotation', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      { ...aws.handlers, VerifyEncryption: answering(Array(9).fill('NONE')) },
    );
    expect(outcome).toMatchObject({
      Error: 'RecordNotEncrypted',
      Cause: expect.stringContaining('EncryptionType NONE'),
      SlotsSpent: 1,
      Quota: { Used: 1 },
    });
    expect(await ledgerOf(StreamName)).not.toHaveProperty('Lease');
  });

  it('that is refused names the stream', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const VerifyEncryption = createVerifyEncryption({
      kinesis: faultyKinesis('PutRecord', [
        awsError('KMSAccessDeniedException'),
      ]),
      now: Date.now,
    });
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      { ...aws.handlers, VerifyEncryption },
    );
    expect(outcome).toMatchObject({
      Error: 'KMSAccessDeniedException',
      Cause: expect.stringContaining(StreamName),
    });
  });
});

describe('a failure that cannot be settled', () => {
  const probing = () =>
    createVerifyEncryption({
      kinesis: faultyKinesis(
        'PutRecord',
        Array(9).fill(awsError('KMSAccessDeniedException')),
      ),
      now: Date.now,
    });

  it.each<[string, string, object, () => TaskHandlers]>([
    [
      'a plan that failed',
      'NotFoundException',
      { KeyId: 'alias/nowhere' },
      () => aws.handlers,
    ],
    [
      'a Start that was refused',
      'KMSInvalidStateException',
      {},
      () => withStart([awsError('KMSInvalidStateException')]),
    ],
    [
      'a probe that was refused',
      'KMSAccessDeniedException',
      { OnVerificationFailed: 'KEEP' },
      () => ({ ...aws.handlers, VerifyEncryption: probing() }),
    ],
    [
      'a rollback that is impossible',
      'KMSAccessDeniedException',
      {},
      () => ({ ...aws.handlers, VerifyEncryption: probing() }),
    ],
  ])(
    'is %s in the first place, and settled by its event',
    async (_, name, fields, handlers) => {
      const { StreamName, KeyIds } = aws.nextStream();
      const SettleFailure: TaskHandlers[string] = async (event, context) => {
        if ('detail-type' in (event as object)) {
          return aws.handlers.SettleFailure?.(event, context);
        }
        throw Object.assign(new Error('denied'), { name: 'NoRights' });
      };
      const outcome = await rotate(
        { StreamName, KeyId: KeyIds[0], ...fields },
        { ...handlers(), SettleFailure },
      );
      expect(outcome).toMatchObject({
        Error: name,
        Cause: expect.stringMatching(/^(KeyId|Start|PutRecord)/),
        SlotsSpent: name === 'KMSAccessDeniedException' ? 1 : 0,
      });
      expect(await ledgerOf(StreamName)).not.toHaveProperty('Lease');
    },
  );
});

describe('a failure that even its event cannot settle', () => {
  const notSettling = (error: Error) => ({
    ...aws.handlers,
    SettleFailure: async () => {
      throw error;
    },
  });

  it('is an outcome that claims nothing of the key', async () => {
    const { StreamName } = aws.nextStream();
    const gone = new RotationError('ServiceUnavailable', 'the ledger is gone');
    const outcome = await rotate(
      { StreamName, KeyId: 'alias/nowhere' },
      notSettling(gone),
    );
    expect(outcome).toEqual({
      Status: 'FAILED',
      RotationId: expect.any(String),
      StartedAt: expect.any(String),
      StreamName,
      Error: 'NotFoundException',
      Cause: expect.stringMatching(
        /^KeyId "alias\/nowhere".*It could not be settled, so it is unknown whether its key was applied: the ledger is gone$/,
      ),
    });
  });

  it('is an error where that is a defect', async () => {
    const { StreamName } = aws.nextStream();
    const rotating = rotate(
      { StreamName, KeyId: 'alias/nowhere' },
      notSettling(new TypeError('a defect')),
    );
    await expect(rotating).rejects.toThrow('a defect');
  });
});

describe('a ledger that cannot be reached', () => {
  it('stops a rotation before it starts anything', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const nowhere = new DynamoDBClient({
      endpoint: 'http://127.0.0.1:1',
      maxAttempts: 1,
    });
    const ReserveQuota = createReserveQuota({
      ledger: new QuotaLedger(nowhere, 'ledger'),
    });
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      { ...aws.handlers, ReserveQuota },
    );
    nowhere.destroy();
    expect(outcome).toMatchObject({
      Error: 'ServiceUnavailable',
      Cause: expect.stringContaining('ECONNREFUSED'),
      SlotsSpent: 0,
      Quota: { Used: 0 },
    });
    expect('Cause' in outcome && outcome.Cause).toContain('"ledger"');
  });

  it('is named when its table is missing', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const client = new DynamoDBClient();
    const ReserveQuota = createReserveQuota({
      ledger: new QuotaLedger(client, 'no-such-table'),
    });
    const outcome = await rotate(
      { StreamName, KeyId: KeyIds[0] },
      { ...aws.handlers, ReserveQuota },
    );
    client.destroy();
    expect(outcome).toMatchObject({
      Error: 'ResourceNotFoundException',
      Cause: expect.stringContaining('no-such-table'),
    });
  });
});
