import { describe, expect, it } from 'vitest';
import { localTime } from '../../../cli/output/local-time.ts';
import { outcomeText, quotaText } from '../../../cli/output/outcome-text.ts';
import type { Failure, Success } from '../../../shared/contract/outcome.ts';

const QUOTA = { Limit: 25, Used: 2, Remaining: 23, NextAvailableAt: null };
const IDENTITY = {
  RotationId: 'arn:aws:states:us-east-1:000000000000:execution:rotate:1',
  StartedAt: '2026-01-01T00:00:00.000Z',
};

const ROTATED: Success = {
  ...IDENTITY,
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
  StreamName: 'orders',
  StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/orders',
  EncryptionType: 'KMS',
  KeyId: 'alias/b',
  KeyArn: 'arn:aws:kms:us-east-1:000000000000:key/b',
  PreviousKeyId: 'alias/a',
  ActiveAt: '2026-01-01T00:00:02.000Z',
  VerifiedAt: '2026-01-01T00:00:07.000Z',
  Verification: {
    ShardId: 'shardId-000000000000',
    SequenceNumber: '495',
    EncryptionType: 'KMS',
  },
  Quota: QUOTA,
};

const FAILED: Failure = {
  ...IDENTITY,
  Status: 'FAILED',
  Error: 'UpdateTimedOut',
  Cause: 'StreamName "orders" was still UPDATING',
};

describe('outcomeText', () => {
  it('shows from which key to which, and the proof', () => {
    expect(outcomeText(ROTATED).split('\n')).toEqual([
      'ROTATED orders: alias/a -> alias/b',
      'Key     arn:aws:kms:us-east-1:000000000000:key/b',
      'Probe   EncryptionType KMS, shardId-000000000000, record 495',
      'Quota   2 of 25 used in 24 hours, 23 remaining, next free now',
    ]);
  });

  it('says until when the former key is needed at least', () => {
    const until = localTime('2026-01-02T00:01:07.000Z');
    const row = `\nFormer  keep alias/a usable until ${until} at least: records under it are retained until then`;
    const known = { ...ROTATED, RetentionPeriodHours: 24 };
    expect(outcomeText(known)).toContain(row);
    for (const silent of [
      ROTATED,
      { ...known, PreviousKeyId: null },
      { ...known, Outcome: 'UNCHANGED' as const },
      { ...known, PreviousKeyId: known.KeyId },
    ]) {
      expect(outcomeText(silent)).not.toContain('Former');
    }
  });

  it('says until when alarms were watched', () => {
    const BakedUntil = '2026-01-01T00:10:07.000Z';
    expect(outcomeText({ ...ROTATED, BakedUntil })).toContain(
      `\nBaked   until ${localTime(BakedUntil)}, no watched alarm was in ALARM\n`,
    );
  });

  it.each([
    [
      { Status: 'ROLLED_BACK', KeyId: 'alias/a' },
      'Rolled back to alias/a, verified',
    ],
    [
      { Status: 'IMPOSSIBLE', Cause: 'it is gone' },
      'NOT rolled back, the stream may still be under the key that it was to leave: it is gone',
    ],
  ] as const)('says what became of a rollback, %j', (Rollback, line) => {
    const lines = outcomeText({ ...FAILED, Rollback }).split('\n');
    expect(lines.slice(0, 3)).toEqual([
      'FAILED UpdateTimedOut',
      'StreamName "orders" was still UPDATING',
      line,
    ]);
  });

  it.each([ROTATED, { ...FAILED, KeyId: 'alias/b' }])(
    'shows which key an alias had before, $Status',
    (outcome) => {
      const text = outcomeText({ ...outcome, RepointedFrom: 'arn:old' });
      expect(text).toContain(
        '\nAlias   alias/b pointed to arn:old before; CloudTrail has the UpdateAlias',
      );
    },
  );

  it.each<[string, Partial<Failure>, string | undefined]>([
    [
      'nothing spent',
      { SlotsSpent: 0, PreviousKeyId: 'alias/a' },
      'under alias/a, as before',
    ],
    [
      'not encrypted',
      { SlotsSpent: 0, PreviousKeyId: null },
      'under no key, as before',
    ],
    [
      'a refused probe',
      { SlotsSpent: 1, Error: 'KMSDisabledException' },
      'under alias/b, which no probe has proved',
    ],
    [
      'an alarm during the bake',
      { SlotsSpent: 1, Error: 'AlarmDuringBake' },
      'under alias/b',
    ],
    [
      'a refusal by KMS, with an unknown number of slots',
      { SlotsSpent: undefined as never, Error: 'KMSDisabledException' },
      undefined,
    ],
    [
      'no rollback',
      { SlotsSpent: 1, Rollback: { Status: 'IMPOSSIBLE' } },
      'under alias/b, which no probe has proved',
    ],
    [
      'a failed rollback',
      {
        SlotsSpent: 2,
        Error: 'KMSDisabledException',
        Rollback: { Status: 'FAILED' },
      },
      'unknown; aws kinesis describe-stream-summary --stream-name orders shows it',
    ],
    [
      'an unknown Start',
      { SlotsSpent: 1 },
      'unknown; aws kinesis describe-stream-summary --stream-name orders shows it',
    ],
    [
      'a rollback',
      { SlotsSpent: 2, Rollback: { Status: 'ROLLED_BACK' } },
      undefined,
    ],
    ['no stream', { StreamName: undefined as never }, undefined],
  ])(
    'says under which key the stream is now, after %s',
    (_, fields, expected) => {
      const text = outcomeText({
        ...FAILED,
        StreamName: 'orders',
        KeyId: 'alias/b',
        ...fields,
      });
      const line = text.split('\n').find((each) => each.startsWith('Now '));
      expect(line).toBe(expected && `Now     ${expected}`);
    },
  );

  it('ends a failure with the command that goes on, where it ran', () => {
    const failed = { ...FAILED, StreamName: 'orders', KeyId: 'alias/b' };
    const text = outcomeText(failed, { stage: 'prod', profile: 'on call' });
    expect(text.split('\n').at(-1)).toBe(
      "Next    npx kinesis-key-rotation rotate --stream-name orders --key-id alias/b --stage prod --profile 'on call'",
    );
    expect(outcomeText(ROTATED, { stage: 'prod' })).not.toContain('Next');
  });

  it('shows that a stream was not encrypted before', () => {
    expect(outcomeText({ ...ROTATED, PreviousKeyId: null })).toMatch(
      /^ROTATED orders: not encrypted -> alias\/b\n/,
    );
  });

  it('shows no move where there was none', () => {
    const unchanged: Success = { ...ROTATED, Outcome: 'UNCHANGED' };

    expect(outcomeText(unchanged)).toMatch(/^UNCHANGED orders: alias\/b\n/);
  });

  it('shows a warning first, and no success', () => {
    const warned: Success = {
      ...ROTATED,
      Outcome: 'UNCHANGED',
      Warning: 'The stream keeps it',
    };
    expect(outcomeText(warned)).toMatch(
      /^WARNING UNCHANGED orders: alias\/b\nThe stream keeps it\nKey /,
    );
  });

  it('shows which other rotation is at it', () => {
    const other: Success = {
      ...ROTATED,
      Outcome: 'ALREADY_IN_PROGRESS',
      Verification: null,
      InProgressRotationId: 'arn:other',
    };
    const text = outcomeText(other);

    expect(text).toContain('\nBy      arn:other\n');
    expect(text).not.toContain('Probe');
  });

  it('shows what failed, why, and what it cost', () => {
    expect(
      outcomeText({
        ...FAILED,
        StreamName: 'orders',
        SlotsSpent: 1,
        Quota: QUOTA,
      }).split('\n'),
    ).toEqual([
      'FAILED UpdateTimedOut',
      'StreamName "orders" was still UPDATING',
      'Stream  orders',
      'Now     unknown; aws kinesis describe-stream-summary --stream-name orders shows it',
      'Spent   1 slot of the quota, which AWS counts or may count',
      'Quota   2 of 25 used in 24 hours, 23 remaining, next free now',
      'Next    npx kinesis-key-rotation plan --stream-name orders',
    ]);
  });

  it('shows of a failure only what is known', () => {
    expect(outcomeText(FAILED)).toBe(
      [
        'FAILED UpdateTimedOut',
        'StreamName "orders" was still UPDATING',
        'Next    npx kinesis-key-rotation plan --all',
      ].join('\n'),
    );
    expect(outcomeText({ ...FAILED, SlotsSpent: 0 })).not.toContain('Spent');
  });
});

describe('quotaText', () => {
  it('says when the next slot is free, in the zone of the reader', () => {
    const NextAvailableAt = '2026-01-02T03:04:05.000Z';
    const there = localTime(NextAvailableAt);

    expect(
      quotaText({ ...QUOTA, Used: 25, Remaining: 0, NextAvailableAt }),
    ).toBe(`25 of 25 used in 24 hours, 0 remaining, next free ${there}`);
  });

  it('says how many slots others used', () => {
    expect(quotaText({ ...QUOTA, UsedByOthers: 1 })).toContain(
      '2 of 25 used in 24 hours (1 refused by AWS, used outside the ledger or limited by rate), 23 remaining',
    );
  });
});
