import { describe, expect, it } from 'vitest';
import {
  chosenOf,
  failuresText,
  historyText,
} from '../../cli/commands/history.ts';
import { previewTable, previewText } from '../../cli/preview/preview-text.ts';
import { callsOf, costOf } from '../../cli/preview/rotation-cost.ts';
import type { RotationPreview } from '../../cli/preview/rotation-preview.ts';
import type { Failure, Success } from '../../shared/contract/outcome.ts';

const QUOTA = { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null };
const CALLS = callsOf(2, 2);
const ROTATED: RotationPreview = {
  StreamName: 'orders',
  StreamARN: 'arn:aws:kinesis:eu-west-1:111122223333:stream/orders',
  Expected: 'ROTATED',
  Reason: 'the stream is under alias/a',
  KeyId: 'alias/b',
  KeyArn: 'arn:b',
  PreviousKeyId: 'alias/a',
  PreviousKeyArn: 'arn:a',
  QuotaBefore: QUOTA,
  QuotaAfter: { ...QUOTA, Used: 2, Remaining: 23 },
  Estimate: {
    UpdateSeconds: 2,
    Seconds: 8,
    BasedOn: 'the last rotation of this stream',
    Calls: CALLS,
    CostUsd: costOf(CALLS),
  },
};
const FAILING: RotationPreview = {
  StreamName: 'ads',
  Expected: 'FAILED',
  Reason: 'it would be refused',
  Error: 'UnusableKey',
  Cause: 'KeyId "alias/x" is Disabled',
};

const STANDING = { SweepMinutes: 5, StreamUsd: 0.436, StageUsd: 3.42 };

describe('previewText', () => {
  it('says from which key to which, what is left, and what it takes', () => {
    expect(previewText(ROTATED)).toBe(
      [
        'ROTATED orders: alias/a -> alias/b, the stream is under alias/a',
        'Key     arn:b',
        'From    arn:a',
        'Quota   1 of 25 used in 24 hours, 24 remaining, next free now',
        'After   2 of 25 used in 24 hours, 23 remaining, next free now',
        'Takes   about 8 s: the last rotation of this stream',
        'Calls   18 StateTransitions, 8 LambdaInvocations, 4 DescribeStreamSummary, 1 StartStreamEncryption, 1 PutRecord, 2 DescribeKey, 5 DynamoDbReads, 5 DynamoDbWrites, 1 EventBridgeEvents',
        'Cost    about USD 0.00051 at the list prices of us-east-1',
        'Nothing was changed.',
      ].join('\n'),
    );
  });

  it('says what the stream costs while nothing rotates', () => {
    expect(previewText({ ...FAILING, Standing: STANDING })).toContain(
      '\nMonthly about USD 0.44 for the stream and USD 3.42 for its stage, also while nothing rotates\n',
    );
  });

  it('says why a rotation would fail', () => {
    expect(previewText(FAILING)).toBe(
      [
        'FAILED UnusableKey ads: it would be refused',
        'KeyId "alias/x" is Disabled',
        'Nothing was changed.',
      ].join('\n'),
    );
  });
});

describe('previewTable', () => {
  it('adds up what all of them come to', () => {
    const lines = previewTable([ROTATED, FAILING]).split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[1]).toMatch(/^orders +ROTATED +alias\/a -> alias\/b .* 23$/);
    expect(lines[2]).toMatch(/^ads +FAILED UnusableKey .* unknown$/);
    expect(lines[3]).toBe(
      '2 streams, 1 would fail, about USD 0.00051. Nothing was changed.',
    );
  });

  it('counts the stage once', () => {
    const standing = [ROTATED, FAILING].map((preview) => ({
      ...preview,
      Standing: STANDING,
    }));
    expect(previewTable(standing)).toMatch(
      /\. Deployed, they cost about USD 0\.87 a month and their stage USD 3\.42, also while nothing rotates\. Nothing was changed\.$/,
    );
  });
});

describe('historyText', () => {
  const rotated: Success = {
    Status: 'SUCCEEDED',
    Outcome: 'ROTATED',
    RotationId: 'r',
    StartedAt: '2026-11-25T13:00:00.000Z',
    StreamName: 'orders',
    StreamARN: 'arn',
    EncryptionType: 'KMS',
    KeyId: 'alias/b',
    KeyArn: 'arn:b',
    PreviousKeyId: null,
    ActiveAt: '2026-11-25T13:00:02.000Z',
    VerifiedAt: '2026-11-25T13:00:07.250Z',
    Verification: null,
    Quota: QUOTA,
    Trigger: { Source: 'alarm', AlarmName: 'drift', At: null },
  };
  const failed: Failure = {
    Status: 'FAILED',
    Outcome: 'ROLLED_BACK',
    RotationId: 's',
    StartedAt: '2026-11-25T12:00:00.000Z',
    StreamName: 'ads',
    KeyId: 'alias/x',
    PreviousKeyId: 'alias/y',
    Error: 'KMSDisabledException',
    Cause: 'no',
    Rollback: { Status: 'ROLLED_BACK' },
  };

  it('is a line a rotation: how it ended, keys, time, and who started it', () => {
    const [head, first, second] = historyText([rotated, failed]).split('\n');
    expect(head).toMatch(
      /^Started +Stream +Ended as +Key +Took +Claimed trigger$/,
    );
    expect(first).toMatch(
      / orders +ROTATED +not encrypted -> alias\/b +7\.3 s +alarm drift$/,
    );
    expect(second).toMatch(
      / ads +KMSDisabledException, ROLLED_BACK +alias\/y -> alias\/x +unknown$/,
    );
  });

  it.each<[string, object, RegExp[]]>([
    ['on the embedded AWS', {}, [/^Started/, / ads /, /^ {2}Cause no$/]],
    [
      'on AWS, with the execution to follow',
      { deployment: {} },
      [
        /^Started/,
        / ads /,
        /^ {2}Cause no$/,
        /^ {2}Follow npx kinesis-key-rotation follow s --profile prod$/,
      ],
    ],
  ])('has the cause below each failure, %s', (_, environment, expected) => {
    const options = { profile: 'prod' };
    const lines = failuresText([failed], environment, options).split('\n');
    expect(lines).toHaveLength(expected.length);
    for (const [at, line] of expected.entries()) {
      expect(lines[at]).toMatch(line);
    }
  });

  it('has the warning below its rotation, also where rows take several lines', () => {
    const warned: Success = {
      ...rotated,
      Outcome: 'UNCHANGED',
      Warning: 'The stream keeps it',
      Trigger: { Source: 'alarm', Reason: 'word '.repeat(12) },
    };
    const text = historyText([warned, rotated, warned]);
    expect(text.split('\n').length).toBeGreaterThan(7);
    expect(
      text.match(/ (?:WARNING UNCHANGED|ROTATED) |^ {2}Why .*$/gm),
    ).toEqual([
      ' WARNING UNCHANGED ',
      '  Why   The stream keeps it',
      ' ROTATED ',
      ' WARNING UNCHANGED ',
      '  Why   The stream keeps it',
    ]);
    // Below every line of its row.
    expect(text.endsWith('\n  Why   The stream keeps it')).toBe(true);
  });

  it('of failures says where there are none', () => {
    expect(failuresText([], {}, {})).toBe('No rotations');
  });

  it.each([
    [undefined, 9, [rotated, failed, rotated]],
    [undefined, 2, [rotated, failed]],
    ['ROTATED', 9, [rotated, rotated]],
    ['ROTATED', 1, [rotated]],
    ['FAILED', 9, [failed]],
    ['ROLLED_BACK', 9, [failed]],
    ['UNCHANGED', 9, []],
  ] as const)('is of those that ended as %s, %d at most', async (...given) => {
    const [status, most, expected] = given;
    async function* outcomes() {
      yield* [rotated, failed, rotated];
    }
    const found = await chosenOf(outcomes(), status, most);
    expect(found).toEqual(expected);
  });

  it('says so when there is none', () => {
    expect(historyText([])).toBe('No rotations');
  });
});
