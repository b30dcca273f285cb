import { describe, expect, it } from 'vitest';
import { ageSpan, keyHistory } from '../../../cli/report/key-history.ts';
import type { StreamInput } from '../../../cli/report/report-input.ts';
import type {
  Failure,
  Outcome,
  Success,
} from '../../../shared/contract/outcome.ts';
import { emptyEntry, type LedgerEntry } from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import { usage } from '../../../shared/ledger/usage.ts';

const ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
const T0 = Date.parse('2026-11-01T00:00:00.000Z');
const HOUR = 3_600_000;
const NOW = T0 + 100 * HOUR;
const iso = (hours: number) => new Date(T0 + hours * HOUR).toISOString();

const identity = (hours: number) => ({
  RotationId: `rotation-${hours}`,
  StreamName: 'orders',
  StreamARN: ARN,
  EncryptionType: 'KMS' as const,
  StartedAt: iso(hours),
  Quota: usage(emptyEntry(ARN), 0),
});

/** A rotation that started then and had its effect half an hour later. */
const rotated = (
  hours: number,
  PreviousKeyId: string | null,
  KeyId: string,
): Success => ({
  ...identity(hours),
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
  KeyId,
  KeyArn: `arn:${KeyId}`,
  PreviousKeyId,
  ActiveAt: iso(hours + 0.5),
  VerifiedAt: iso(hours + 0.6),
  Verification: {
    ShardId: 'shardId-0',
    SequenceNumber: '1',
    EncryptionType: 'KMS',
  },
});

const failed = (hours: number, differing: Partial<Failure> = {}): Failure => ({
  ...identity(hours),
  Status: 'FAILED',
  Error: 'UpdateTimedOut',
  Cause: 'too long',
  KeyId: 'b',
  KeyArn: 'arn:b',
  PreviousKeyId: 'a',
  SlotsSpent: 1,
  ...differing,
});

const stream = (
  History: Outcome[],
  KeyId: string | null,
  Entry: LedgerEntry = emptyEntry(ARN),
): StreamInput => ({
  StreamName: 'orders',
  StreamARN: ARN,
  Now: KeyId === null ? { EncryptionType: 'NONE', KeyId: 'a' } : { KeyId },
  Entry,
  History,
});

/** From, in hours, and key of each span, and how it is known. */
const told = (input: StreamInput) =>
  keyHistory(input, NOW).map(({ From, KeyId, Known }) => [
    Number.isFinite(From) ? (From - T0) / HOUR : 'ever',
    KeyId,
    Known,
  ]);

describe('keyHistory', () => {
  it('follows rotations, whatever their order', () => {
    const history = [rotated(20, 'b', 'a'), rotated(10, 'a', 'b')];
    expect(told(stream(history, 'a'))).toEqual([
      ['ever', 'a', 'BEFORE_RECORDS'],
      [10.5, 'b', 'ROTATION'],
      [20.5, 'a', 'ROTATION'],
    ]);
  });

  it('knows a stream without records by what it has now', () => {
    expect(told(stream([], 'a'))).toEqual([['ever', 'a', 'BEFORE_RECORDS']]);
    expect(told(stream([], null))).toEqual([['ever', null, 'BEFORE_RECORDS']]);
    expect(keyHistory(stream([], 'a'), NOW)[0]?.SeenAt).toBe(NOW);
  });

  it('knows nothing between two findings that do not fit', () => {
    const history = [rotated(10, null, 'a'), rotated(50, 'x', 'b')];
    expect(told(stream(history, 'b'))).toEqual([
      ['ever', null, 'BEFORE_RECORDS'],
      [10.5, 'a', 'ROTATION'],
      [10.6, undefined, 'SEEN'],
      [50.5, 'b', 'ROTATION'],
    ]);
  });

  it('knows nothing since the last finding when the key is another now', () => {
    const spans = keyHistory(stream([rotated(10, 'a', 'b')], null), NOW);
    expect(spans.at(-1)).toMatchObject({
      KeyId: null,
      Known: 'SEEN',
      From: NOW,
      NotBefore: T0 + 10.6 * HOUR,
    });
    expect(spans.at(-2)?.KeyId).toBeUndefined();
  });

  it('counts a key that was found unchanged as seen then', () => {
    const unchanged: Success = {
      ...rotated(60, 'b', 'b'),
      Outcome: 'UNCHANGED',
      ActiveAt: null,
    };
    const spans = told(stream([rotated(10, 'a', 'b'), unchanged], 'c'));
    expect(spans.at(-2)).toEqual([60.6, undefined, 'SEEN']);
  });

  it('has a key back from a rollback, and its age from before', () => {
    const rolledBack = failed(20, {
      Error: 'KMSDisabledException',
      PreviousKeyId: 'a',
      Outcome: 'ROLLED_BACK',
      Rollback: { Status: 'ROLLED_BACK', KeyId: 'a', ActiveAt: iso(21) },
    });
    const input = stream([rotated(10, 'b', 'a'), rolledBack], 'a');
    expect(told(input)).toEqual([
      ['ever', 'b', 'BEFORE_RECORDS'],
      [10.5, 'a', 'ROTATION'],
      [20, 'b', 'FAILED_ROTATION'],
      [21, 'a', 'ROLLBACK'],
    ]);
    expect(ageSpan(keyHistory(input, NOW))?.From).toBe(T0 + 10.5 * HOUR);
  });

  it('finds out by the key of now what a failed rotation did', () => {
    const history = [rotated(10, 'b', 'a'), failed(20)];
    expect(told(stream(history, 'b')).at(-1)).toEqual([
      20,
      'b',
      'FAILED_ROTATION',
    ]);
    expect(told(stream(history, 'a')).at(-1)).toEqual([10.5, 'a', 'ROTATION']);
    expect(told(stream(history, 'c')).slice(-2)).toEqual([
      [20, undefined, 'SEEN'],
      [100, 'c', 'SEEN'],
    ]);
  });

  it('does not take a key back for one that was never gone', () => {
    const history = [
      rotated(10, 'b', 'a'),
      failed(20, {
        Error: 'KMSDisabledException',
        Rollback: { Status: 'FAILED', Cause: 'QuotaExhausted' },
      }),
    ];
    expect(told(stream(history, 'a')).at(-1)).toEqual([
      20,
      'a',
      'FAILED_ROTATION',
    ]);
  });

  it('does not trust what a rotation read from the lease of another', () => {
    const refused = failed(10.8, {
      Error: 'RotationInProgress',
      SlotsSpent: 0,
      PreviousKeyId: 'a',
    });
    expect(told(stream([rotated(10, 'a', 'b'), refused], 'b'))).toHaveLength(2);
  });

  it('takes nothing from a rotation that spent nothing', () => {
    const history = [rotated(10, 'b', 'a'), failed(20, { SlotsSpent: 0 })];
    expect(told(stream(history, 'a'))).toHaveLength(2);
  });

  it('has external starts from CloudTrail, with their callers', () => {
    const { entry } = recordExternalStart(
      emptyEntry(ARN),
      { RequestId: 'r', KeyId: 'x', At: T0 + 90 * HOUR, By: 'arn:someone' },
      NOW,
    );
    const spans = keyHistory(stream([rotated(10, 'a', 'b')], 'x', entry), NOW);
    expect(spans.at(-1)).toMatchObject({
      From: T0 + 90 * HOUR,
      KeyId: 'x',
      Known: 'REPORTED',
      By: 'arn:someone',
    });
  });

  it('has from the ledger what no record tells yet', () => {
    const entry: LedgerEntry = {
      ...emptyEntry(ARN),
      LastApplied: { KeyId: 'c', KeyArn: 'arn:c', AppliedAt: T0 + 99 * HOUR },
    };
    expect(told(stream([rotated(10, 'a', 'b')], 'c', entry)).at(-1)).toEqual([
      99,
      'c',
      'LEDGER',
    ]);
  });

  it.each([
    ['as AWS answered', 10.2],
    ['by the second, from CloudTrail', 10 - 0.5 / 3600],
    ['by a clock that is ahead', 10.5 + 1 / 3600],
  ])(
    'does not count what ledger and record tell alike twice: %s',
    (_, hours) => {
      const AppliedAt = T0 + hours * HOUR;
      const entry: LedgerEntry = {
        ...emptyEntry(ARN),
        LastApplied: { KeyId: 'b', KeyArn: 'arn:b', AppliedAt },
      };
      expect(told(stream([rotated(10, 'a', 'b')], 'b', entry))).toEqual([
        ['ever', 'a', 'BEFORE_RECORDS'],
        [10.5, 'b', 'ROTATION'],
      ]);
    },
  );
});
