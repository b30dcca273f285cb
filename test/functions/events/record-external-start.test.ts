import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  createRecordExternalStart,
  type RecordedCall,
} from '../../../functions/events/record-external-start.ts';
import { createStartEncryption } from '../../../functions/start-encryption.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../../shared/lambda/clients.ts';
import { ledgerOf, localStreamArn } from '../../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

/** Waits for the emulator, however busy the machine is. */
const PATIENTLY = { interval: 10, timeout: 60_000 };

const ALICE = 'arn:aws:sts::000000000000:assumed-role/Operator/alice';

let aws: LocalRotations;
let kinesis: KinesisClient;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 9);
  kinesis = kinesisClient();
});

afterAll(async () => {
  kinesis.destroy();
  await aws.close();
});

/** CloudTrail's record of a Start that was answered just now. */
const eventOf = (detail: {
  requestID: string;
  requestParameters: object | null;
  errorCode?: string;
  eventName?: string;
  eventTime?: string;
}) => ({
  'detail-type': 'AWS API Call via CloudTrail',
  source: 'aws.kinesis',
  account: '000000000000',
  detail: {
    eventName: 'StartStreamEncryption',
    eventTime: `${new Date().toISOString().slice(0, 19)}Z`,
    awsRegion: 'us-east-1',
    userIdentity: { arn: ALICE },
    recipientAccountId: '000000000000',
    ...detail,
  },
});

const context = { functionName: 'RecordExternalStart' } as never;

function recordExternalStart(event: unknown): Promise<RecordedCall> {
  const handler = createRecordExternalStart({
    ledger: quotaLedger(),
    partition: 'aws',
  });
  return handler(event as never, context);
}

/** Starts encryption without the ledger. */
async function startOutside(StreamName: string, KeyId: string) {
  const { $metadata } = await kinesis.send(
    new StartStreamEncryptionCommand({
      StreamName,
      EncryptionType: 'KMS',
      KeyId,
    }),
  );
  await vi.waitFor(async () => {
    const { StreamDescriptionSummary } = await kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    expect(StreamDescriptionSummary).toMatchObject({
      StreamStatus: 'ACTIVE',
      KeyId,
    });
  }, PATIENTLY);
  return eventOf({
    requestID: $metadata.requestId ?? '',
    requestParameters: {
      streamName: StreamName,
      encryptionType: 'KMS',
      keyId: KeyId,
    },
  });
}

describe('RecordExternalStart', () => {
  it('records what another principal started, once', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const [KeyId = ''] = KeyIds;
    const event = await startOutside(StreamName, KeyId);
    const booked = {
      Status: 'SUCCEEDED',
      Outcome: 'RECORDED',
      RequestId: event.detail.requestID,
      StreamARN: localStreamArn(StreamName),
      KeyId,
      By: ALICE,
      Quota: { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null },
    };
    expect(await recordExternalStart(event)).toEqual(booked);
    const { Version } = await ledgerOf(StreamName);
    expect(await recordExternalStart(event)).toEqual({
      ...booked,
      Outcome: 'KNOWN',
    });
    expect((await ledgerOf(StreamName)).Version).toBe(Version);
    const outcome = await aws.rotate({ StreamName, KeyIds });
    expect(outcome).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId: KeyId,
      KeyId: KeyIds[1],
      Quota: { Used: 2 },
    });
  });

  it('knows what a rotation started, from the deployed function', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    const before = await ledgerOf(StreamName);
    const event = eventOf({
      requestID: before.Slots[0]?.RequestId ?? '',
      requestParameters: { streamName: StreamName, keyId: KeyIds[0] },
    });
    const { RecordExternalStart } = aws.handlers;
    expect(await RecordExternalStart?.(event as never, context)).toMatchObject({
      Outcome: 'KNOWN',
      Quota: { Used: 1 },
    });
    expect(await ledgerOf(StreamName)).toEqual(before);
  });

  it('answers a rotation whose own answer was lost', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    let requestID = '';
    const deaf = kinesisClient({ maxAttempts: 1 });
    deaf.middlewareStack.add(
      (next) => async (args) => {
        const { output } = await next(args);
        requestID = output.$metadata.requestId ?? '';
        throw Object.assign(new Error('socket hang up'), {
          name: 'TimeoutError',
          $metadata: {},
        });
      },
      { step: 'finalizeRequest', priority: 'low' },
    );
    const kms = kmsClient();
    const StartEncryption = createStartEncryption({
      kinesis: deaf,
      kms,
      ledger: quotaLedger(),
      now: Date.now,
      random: () => 0,
    });
    const handlers = { ...aws.handlers, StartEncryption };
    const rotated = await aws.rotate(
      { StreamName, KeyId: KeyIds[0] },
      { handlers },
    );
    deaf.destroy();
    kms.destroy();
    expect(rotated).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
    const { LastApplied } = await ledgerOf(StreamName);
    const event = eventOf({
      requestID,
      requestParameters: { streamName: StreamName, keyId: KeyIds[0] },
    });
    expect(await recordExternalStart(event)).toMatchObject({
      Outcome: 'CONFIRMED',
      Quota: { Used: 1 },
    });
    expect(await recordExternalStart(event)).toMatchObject({
      Outcome: 'KNOWN',
    });
    const after = await ledgerOf(StreamName);
    expect(after.LastApplied?.KeyId).toBe(LastApplied?.KeyId);
    const unchanged = await aws.rotate({ StreamName, KeyId: KeyIds[0] });
    expect(unchanged).toMatchObject({ Outcome: 'UNCHANGED' });
  });

  it('does not recordExternalStart what AWS refused', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const event = eventOf({
      requestID: 'refused',
      errorCode: 'LimitExceededException',
      requestParameters: { streamName: StreamName, keyId: KeyIds[0] },
    });
    expect(await recordExternalStart(event)).toEqual({
      Status: 'SUCCEEDED',
      Outcome: 'REFUSED_BY_AWS',
      RequestId: 'refused',
      ErrorCode: 'LimitExceededException',
    });
    expect((await ledgerOf(StreamName)).Version).toBe(0);
  });

  it('records that another principal switched encryption off, once', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const [KeyId = ''] = KeyIds;
    await aws.rotate({ StreamName, KeyId });
    const { $metadata } = await kinesis.send(
      new StopStreamEncryptionCommand({
        StreamName,
        EncryptionType: 'KMS',
        KeyId,
      }),
    );
    const event = eventOf({
      eventName: 'StopStreamEncryption',
      // CloudTrail has whole seconds, and the Start may be of the same one.
      eventTime: new Date(Date.now() + 1000).toISOString(),
      requestID: $metadata.requestId ?? '',
      requestParameters: { streamName: StreamName, keyId: KeyId },
    });
    const recorded = {
      Status: 'SUCCEEDED',
      Outcome: 'RECORDED',
      RequestId: event.detail.requestID,
      StreamARN: localStreamArn(StreamName),
      By: ALICE,
    };
    expect(await recordExternalStart(event)).toEqual(recorded);
    const entry = await ledgerOf(StreamName);
    expect(entry.LastApplied).toBeUndefined();
    expect(entry.Stops).toMatchObject([{ By: ALICE }]);
    expect(await recordExternalStart(event)).toEqual({
      ...recorded,
      Outcome: 'KNOWN',
    });
    expect(await ledgerOf(StreamName)).toEqual(entry);
    const restored = await aws.rotate({ StreamName, KeyIds, Mode: 'RESTORE' });
    expect(restored).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId: null,
      KeyId,
      Quota: { Used: 2 },
    });
    expect((await ledgerOf(StreamName)).LastApplied).toMatchObject({ KeyId });
  });

  it('records every one of many that come at once', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const events = Array.from({ length: 6 }, (_, i) =>
      eventOf({
        requestID: `q${i % 4}`,
        requestParameters: { streamName: StreamName, keyId: KeyIds[0] },
      }),
    );
    const answers = await Promise.all(events.map(recordExternalStart));
    const outcomes = answers.map(({ Outcome }) => Outcome).sort();
    expect(outcomes).toEqual(['KNOWN', 'KNOWN', ...Array(4).fill('RECORDED')]);
    expect((await quotaLedger().usage(localStreamArn(StreamName))).Used).toBe(
      4,
    );
  });

  it.each([
    ['another event', { 'detail-type': 'Scheduled Event', detail: {} }],
    ['nothing', null],
    ['no stream', eventOf({ requestID: 'q', requestParameters: null })],
  ])('refuses %s', async (_, event) => {
    await expect(recordExternalStart(event)).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining('StartStreamEncryption'),
    });
  });
});
