import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseStreamArn,
  STREAM_NAME,
  streamOfExecution,
} from '../../../shared/identifiers/arn.ts';

const EXECUTION =
  'arn:aws-cn:states:cn-north-1:210987654321:execution:rotate-stream:run-1';
const STREAM_ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';

const streamName = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/);

describe('parseStreamArn', () => {
  it('splits any ARN of a stream into its parts', () => {
    const anyParts = fc.record({
      partition: fc.constantFrom('aws', 'aws-cn', 'aws-us-gov'),
      region: fc.constantFrom('us-east-1', 'cn-north-1', 'us-gov-west-1'),
      account: fc.stringMatching(/^[0-9]{12}$/),
      streamName,
    });
    fc.assert(
      fc.property(anyParts, (parts) => {
        const arn = `arn:${parts.partition}:kinesis:${parts.region}:${parts.account}:stream/${parts.streamName}`;

        expect(parseStreamArn(arn)).toEqual({
          ...parts,
          service: 'kinesis',
          resource: `stream/${parts.streamName}`,
        });
      }),
    );
  });

  it.each([
    '',
    'orders',
    STREAM_ARN.toUpperCase(),
    ` ${STREAM_ARN}`,
    `${STREAM_ARN}\n`,
    `${STREAM_ARN}/more`,
    `${STREAM_ARN}/consumer/reader:1234567890`,
    STREAM_ARN.replace('stream/', 'stream:'),
    STREAM_ARN.replace('orders', ''),
    STREAM_ARN.replace('orders', 'o'.repeat(129)),
    STREAM_ARN.replace('kinesis', 'dynamodb'),
    STREAM_ARN.replace('kinesis', 'kinesisvideo'),
    STREAM_ARN.replace('123456789012', '12345'),
    STREAM_ARN.replace('us-east-1', ''),
    STREAM_ARN.replace('arn:aws', 'arn:azure'),
  ])('refuses %j', (text) => {
    expect(parseStreamArn(text)).toBeUndefined();
  });

  it('refuses any ARN with an additional illegal character', () => {
    fc.assert(
      fc.property(
        fc.nat(STREAM_ARN.length),
        fc.constantFrom(' ', '\n', '*', 'é', '\0'),
        (at, intruder) => {
          const text =
            STREAM_ARN.slice(0, at) + intruder + STREAM_ARN.slice(at);

          expect(parseStreamArn(text)).toBeUndefined();
        },
      ),
    );
  });
});

describe('STREAM_NAME', () => {
  it.each(['o', 'orders', 'Orders_2.test-1', 'o'.repeat(128)])(
    'takes %s',
    (name) => {
      expect(STREAM_NAME.test(name)).toBe(true);
    },
  );

  it.each(['', 'a b', 'a/b', 'a:b', 'bücher', 'orders\n', 'o'.repeat(129)])(
    'refuses %j',
    (name) => {
      expect(STREAM_NAME.test(name)).toBe(false);
    },
  );
});

describe('streamOfExecution', () => {
  it('is by name where the ARN is empty', () => {
    const input = { StreamName: 'orders', StreamARN: '', StreamId: '' };
    expect(streamOfExecution(input, EXECUTION)).toBe(
      'arn:aws-cn:kinesis:cn-north-1:210987654321:stream/orders',
    );
  });

  it('returns the ARN in the input', () => {
    expect(streamOfExecution({ StreamARN: STREAM_ARN }, EXECUTION)).toBe(
      STREAM_ARN,
    );
  });

  it('prefers the ARN to the name', () => {
    const input = { StreamARN: STREAM_ARN, StreamName: 'other' };

    expect(streamOfExecution(input, EXECUTION)).toBe(STREAM_ARN);
  });

  it("looks for a name in the execution's own account and Region", () => {
    expect(streamOfExecution({ StreamName: 'orders' }, EXECUTION)).toBe(
      'arn:aws-cn:kinesis:cn-north-1:210987654321:stream/orders',
    );
  });

  it('builds an ARN that parses, for any name', () => {
    fc.assert(
      fc.property(streamName, (StreamName) => {
        const arn = streamOfExecution({ StreamName }, EXECUTION);

        expect(parseStreamArn(arn ?? '')).toEqual({
          partition: 'aws-cn',
          service: 'kinesis',
          region: 'cn-north-1',
          account: '210987654321',
          resource: `stream/${StreamName}`,
          streamName: StreamName,
        });
      }),
    );
  });

  it.each([
    [null],
    [undefined],
    ['orders'],
    [5],
    [[]],
    [{}],
    [{ StreamName: '' }],
    [{ StreamName: 'a/b' }],
    [{ StreamName: 5 }],
    [{ StreamARN: 'orders' }],
    [{ StreamARN: 'no ARN', StreamName: 'orders' }],
  ])('finds no stream in %j', (input) => {
    expect(streamOfExecution(input, EXECUTION)).toBeUndefined();
  });

  it('finds no stream by name without the ARN of an execution', () => {
    expect(
      streamOfExecution({ StreamName: 'orders' }, 'rotation-1'),
    ).toBeUndefined();
  });

  it('returns the ARN of a stream or undefined for any input', () => {
    const anyInput = fc.oneof(
      fc.anything(),
      fc.record(
        { StreamName: fc.anything(), StreamARN: fc.anything() },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(anyInput, (input) => {
        const arn = streamOfExecution(input, EXECUTION);

        expect(arn === undefined || parseStreamArn(arn)).toBeTruthy();
      }),
    );
  });
});
