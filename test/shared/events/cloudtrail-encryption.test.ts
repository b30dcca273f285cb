import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RotationError } from '../../../shared/errors/errors.ts';
import { parseEncryptionCall } from '../../../shared/events/cloudtrail-encryption.ts';
import { parseStreamArn } from '../../../shared/identifiers/arn.ts';
import { sampleEvent } from '../../support/aws/sample-event.ts';

const ALICE = 'arn:aws:sts::123456789012:assumed-role/Operator/alice';

/** CloudTrail's record of a Start that AWS applied, but for these fields. */
function eventOf(detail: object = {}, around: object = {}) {
  return {
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.kinesis',
    account: '123456789012',
    ...around,
    detail: {
      userIdentity: { type: 'AssumedRole', arn: ALICE },
      eventTime: '2026-01-12T09:12:31Z',
      eventSource: 'kinesis.amazonaws.com',
      eventName: 'StartStreamEncryption',
      awsRegion: 'us-east-1',
      requestParameters: {
        streamName: 'orders',
        encryptionType: 'KMS',
        keyId: 'alias/orders',
      },
      requestID: 'f0944d86-c757-11e3-b4ae-25654b1d3136',
      recipientAccountId: '123456789012',
      ...detail,
    },
  };
}

function refusal(event: unknown, partition = 'aws'): string {
  try {
    parseEncryptionCall(event, partition);
  } catch (error) {
    expect(error).toBeInstanceOf(RotationError);
    expect(error).toMatchObject({ name: 'InvalidRequest' });
    return (error as Error).message;
  }
  throw new Error('It was not refused');
}

describe('parseEncryptionCall', () => {
  it('reads who applied which key to which stream, and when', () => {
    expect(parseEncryptionCall(eventOf(), 'aws')).toEqual({
      Status: 'APPLIED',
      Call: 'StartStreamEncryption',
      StreamARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/orders',
      KeyId: 'alias/orders',
      RequestId: 'f0944d86-c757-11e3-b4ae-25654b1d3136',
      At: Date.parse('2026-01-12T09:12:31Z'),
      By: ALICE,
    });
  });

  it('reads who switched encryption off, whatever key the call names', async () => {
    const stop = eventOf({ eventName: 'StopStreamEncryption' });
    expect(parseEncryptionCall(stop, 'aws')).toEqual({
      Status: 'APPLIED',
      Call: 'StopStreamEncryption',
      StreamARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/orders',
      RequestId: 'f0944d86-c757-11e3-b4ae-25654b1d3136',
      At: Date.parse('2026-01-12T09:12:31Z'),
      By: ALICE,
    });
    const shipped = await sampleEvent('stop-stream-encryption');
    expect(parseEncryptionCall(shipped, 'aws')).toMatchObject({
      Call: 'StopStreamEncryption',
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/samplestream',
    });
    const other = eventOf({ eventName: 'DeleteStream' });
    expect(refusal(other)).toContain('eventName');
  });

  it('refuses what no item of the ledger could hold', () => {
    const long = 'x'.repeat(2049);
    const parameters = { streamName: 'orders', keyId: long };

    expect(
      parseEncryptionCall(eventOf({ requestParameters: parameters }), 'aws'),
    ).toMatchObject({ KeyId: 'unknown' });
    expect(refusal(eventOf({ requestID: long }))).toContain('requestID');
    expect(refusal(eventOf({ errorCode: long }))).toContain('errorCode');
    const userIdentity = { arn: long };
    expect(parseEncryptionCall(eventOf({ userIdentity }), 'aws')).toMatchObject(
      {
        By: 'unknown',
      },
    );
  });

  it.each([
    undefined,
    null,
    '',
    7,
    'HIDDEN_DUE_TO_SECURITY_REASONS'.repeat(100),
  ])('counts a Start whose keyId is %j, key unknown', (keyId) => {
    const requestParameters = { streamName: 'orders', keyId };
    expect(
      parseEncryptionCall(eventOf({ requestParameters }), 'aws'),
    ).toMatchObject({ Status: 'APPLIED', KeyId: 'unknown' });
  });

  it('counts a Start by an AWS service, whose stream is among the resources', () => {
    const StreamARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
    const event = eventOf({
      userIdentity: { type: 'AWSService', invokedBy: 'backup.amazonaws.com' },
      requestParameters: null,
      resources: [{ ARN: 'arn:aws:kms:us-east-1:1:key/x' }, { ARN: StreamARN }],
    });
    expect(parseEncryptionCall(event, 'aws')).toMatchObject({
      Status: 'APPLIED',
      StreamARN,
      KeyId: 'unknown',
      By: 'backup.amazonaws.com',
    });
  });

  it('reads the events that are shipped', async () => {
    expect(
      parseEncryptionCall(await sampleEvent('start-stream-encryption'), 'aws'),
    ).toMatchObject({
      Status: 'APPLIED',
      StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/samplestream',
      KeyId: 'alias/samplestream-b',
    });
    expect(
      parseEncryptionCall(
        await sampleEvent('start-stream-encryption-failed'),
        'aws',
      ),
    ).toEqual({
      Status: 'REFUSED',
      Call: 'StartStreamEncryption',
      ErrorCode: 'LimitExceededException',
      RequestId: 'c6d1e0f2-7a3b-4c5d-8e9f-0a1b2c3d4e5f',
    });
  });

  it('sees a call that failed, whatever it asked for', () => {
    const failed = { errorCode: 'ValidationException' };
    for (const requestParameters of [null, undefined, { streamName: '!' }]) {
      expect(
        parseEncryptionCall(eventOf({ ...failed, requestParameters }), 'aws'),
      ).toMatchObject({ Status: 'REFUSED', ErrorCode: 'ValidationException' });
    }
    for (const errorCode of [null, undefined, '']) {
      expect(parseEncryptionCall(eventOf({ errorCode }), 'aws').Status).toBe(
        'APPLIED',
      );
    }
  });

  it.each([
    ['aws', 'us-east-1'],
    ['aws-cn', 'cn-north-1'],
    ['aws-us-gov', 'us-gov-west-1'],
  ])('names a stream in partition %s', (partition, awsRegion) => {
    const StreamARN = `arn:${partition}:kinesis:${awsRegion}:123456789012:stream/orders`;
    const keyId = 'alias/orders';
    const named = eventOf({ awsRegion });
    const byArn = eventOf({
      awsRegion,
      requestParameters: { streamARN: StreamARN, keyId },
    });
    expect(parseEncryptionCall(named, partition)).toMatchObject({ StreamARN });
    expect(parseEncryptionCall(byArn, 'aws')).toMatchObject({ StreamARN });
  });

  it('believes the ARN where it is given both', () => {
    const streamARN = 'arn:aws:kinesis:us-east-1:999999999999:stream/theirs';
    const requestParameters = {
      streamName: 'orders',
      streamARN,
      keyId: 'alias/orders',
    };
    expect(
      parseEncryptionCall(eventOf({ requestParameters }), 'aws'),
    ).toMatchObject({ StreamARN: streamARN });
  });

  it('takes the account whose stream it is, not the caller’s', () => {
    const recipientAccountId = '999999999999';
    expect(
      parseEncryptionCall(eventOf({ recipientAccountId }), 'aws'),
    ).toMatchObject({
      StreamARN: 'arn:aws:kinesis:us-east-1:999999999999:stream/orders',
    });
    for (const nobody of [undefined, null]) {
      const without = eventOf({ recipientAccountId: nobody });
      expect(parseEncryptionCall(without, 'aws')).toMatchObject({
        StreamARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/orders',
      });
    }
  });

  it.each([
    ['KeyId', 'StreamName', 'StreamARN'],
    ['keyid', 'streamname', 'streamarn'],
    ['keyID', 'StreamNAME', 'streamArn'],
  ])('takes parameters that are spelled %s, %s, %s', (key, name, arn) => {
    const StreamARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
    for (const stream of [{ [name]: 'orders' }, { [arn]: StreamARN }]) {
      const requestParameters = { ...stream, [key]: 'alias/orders' };
      expect(
        parseEncryptionCall(eventOf({ requestParameters }), 'aws'),
      ).toMatchObject({ StreamARN, KeyId: 'alias/orders' });
    }
  });

  it('counts a Start of an unknown caller', () => {
    for (const userIdentity of [
      undefined,
      null,
      { type: 'AWSService', arn: null },
      'somebody',
    ]) {
      expect(
        parseEncryptionCall(eventOf({ userIdentity }), 'aws'),
      ).toMatchObject({
        Status: 'APPLIED',
        By: 'unknown',
      });
    }
  });

  it.each([
    ['another event', eventOf({ eventName: 'DeleteStream' }), 'DeleteStream'],
    ['no time', eventOf({ eventTime: undefined }), 'eventTime'],
    [
      'a time that is invalid',
      eventOf({ eventTime: 'yesterday' }),
      'eventTime',
    ],
    [
      'a time that looks like one',
      eventOf({ eventTime: '2026-01-01T23:59:59+23' }),
      'eventTime',
    ],
    ['no request id', eventOf({ requestID: '' }), 'requestID'],
    ['no Region', eventOf({ awsRegion: undefined }), 'awsRegion'],
    ['no parameters', eventOf({ requestParameters: null }), 'names no stream'],
    [
      'no stream',
      eventOf({ requestParameters: { keyId: 'alias/a' } }),
      'names no stream',
    ],
    [
      'a stream that cannot be one',
      eventOf({ requestParameters: { streamName: 'a b', keyId: 'alias/a' } }),
      '"a b"',
    ],
    [
      'the ARN of something else',
      eventOf({
        requestParameters: {
          streamARN: 'arn:aws:kinesis:us-east-1:123456789012:stream/a/consumer',
          keyId: 'alias/a',
        },
      }),
      'consumer',
    ],
    [
      'no account',
      eventOf({ recipientAccountId: undefined }, { account: undefined }),
      'account undefined',
    ],
    ['no detail', { source: 'aws.kinesis' }, 'detail'],
    ['nothing', null, 'Expected Object'],
    ['a text', '{}', 'Expected Object'],
  ])('refuses %s, and says what is wrong', (_, event, named) => {
    expect(refusal(event)).toContain(named);
  });

  it('throws nothing but InvalidRequest, whatever it is given', () => {
    const field = fc.constantFrom(
      'account',
      'eventName',
      'eventTime',
      'awsRegion',
      'requestID',
      'errorCode',
      'recipientAccountId',
      'userIdentity',
      'requestParameters',
      'detail',
    );
    const parameter = fc.oneof(
      fc.constantFrom('keyId', 'streamName', 'streamARN', '__proto__'),
      fc.string(),
    );
    const garbage = fc.oneof(
      fc.anything(),
      fc.string(),
      fc.date().map(String),
      fc
        .tuple(
          fc.date({ noInvalidDate: true }),
          fc.oneof(
            fc.constantFrom('Z', '+23', '-05', '+0130', ' +01:30'),
            fc.string({ maxLength: 4 }),
          ),
        )
        .map(([date, tail]) => date.toISOString().replace('Z', tail)),
      fc.dictionary(parameter, fc.oneof(fc.string(), fc.anything())),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          garbage,
          fc.dictionary(field, garbage).map((detail) => eventOf(detail)),
        ),
        (event) => {
          try {
            const start = parseEncryptionCall(event, 'aws');
            if (start.Status === 'REFUSED') return;
            expect(start.At).not.toBeNaN();
            expect(parseStreamArn(start.StreamARN)).toBeDefined();
          } catch (error) {
            expect(error).toMatchObject({ name: 'InvalidRequest' });
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
