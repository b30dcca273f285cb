import { describe, expect, it } from 'vitest';
import {
  ageSpan,
  isUnverified,
  keyHistory,
} from '../../../cli/report/key-history.ts';
import type { StreamInput } from '../../../cli/report/report-input.ts';
import type {
  Failure,
  Outcome,
  Success,
} from '../../../shared/contract/outcome.ts';
import { emptyEntry, type LedgerEntry } from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import { recordExternalStop } from '../../../shared/ledger/external-stops.ts';
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
  history: Outcome[],
  KeyId: string | null,
  ledgerEntry: LedgerEntry = emptyEntry(ARN),
): StreamInput => ({
  StreamName: 'orders',
  StreamARN: ARN,
  description:
    KeyId === null ? { EncryptionType: 'NONE', KeyId: 'a' } : { KeyId },
  ledgerEntry,
  history,
});

/** The start of each span in hours, its key, and how it is known. */
const spansOf = (input: StreamInput) =>
  keyHistory(input, NOW).map(({ from, KeyId, known }) => [
    Number.isFinite(from) ? (from - T0) / HOUR : 'ever',
    KeyId,
    known,
  ]);

describe('keyHistory', () => {
  it('follows rotations in the order of their starts', () => {
    const history = [rotated(20, 'b', 'a'), rotated(10, 'a', 'b')];
    expect(spansOf(stream(history, 'a'))).toEqual([
      ['ever', undefined, 'BEFORE_RECORDS'],
      [10.5, 'a', 'BEFORE_RECORDS'],
      [10.5, 'b', 'ROTATION'],
      [20.5, 'a', 'ROTATION'],
    ]);
  });

  it('shows the current key of a stream without records, unknown until now', () => {
    const NOW_HOURS = (NOW - T0) / HOUR;
    for (const key of ['a', null]) {
      expect(spansOf(stream([], key))).toEqual([
        ['ever', undefined, 'BEFORE_RECORDS'],
        [NOW_HOURS, key, 'BEFORE_RECORDS'],
      ]);
    }
    expect(keyHistory(stream([], 'a'), NOW).at(-1)?.seenAt).toBe(NOW);
  });

  it('begins with the creation of the stream, not with its predecessor', () => {
    const input = stream([rotated(10, 'x', 'y'), rotated(30, null, 'a')], 'a');
    const StreamCreationTimestamp = new Date(T0 + 29 * HOUR);
    const created = {
      ...input,
      description: { ...input.description, StreamCreationTimestamp },
    };
    expect(spansOf(created)).toEqual([
      [29, undefined, 'BEFORE_RECORDS'],
      [30.5, null, 'BEFORE_RECORDS'],
      [30.5, 'a', 'ROTATION'],
    ]);
  });

  it('has an unknown key between two records that contradict', () => {
    const history = [rotated(10, null, 'a'), rotated(50, 'x', 'b')];
    expect(spansOf(stream(history, 'b'))).toEqual([
      ['ever', undefined, 'BEFORE_RECORDS'],
      [10.5, null, 'BEFORE_RECORDS'],
      [10.5, 'a', 'ROTATION'],
      [10.6, undefined, 'SEEN'],
      [50.5, 'b', 'ROTATION'],
    ]);
  });

  it('has an unknown key between the last record and another current key', () => {
    const spans = keyHistory(stream([rotated(10, 'a', 'b')], null), NOW);
    expect(spans.at(-1)).toMatchObject({
      KeyId: null,
      known: 'SEEN',
      from: NOW,
      notBefore: T0 + 10.6 * HOUR,
    });
    expect(spans.at(-2)?.KeyId).toBeUndefined();
  });

  it('counts a key that a rotation found unchanged as seen', () => {
    const unchanged: Success = {
      ...rotated(60, 'b', 'b'),
      Outcome: 'UNCHANGED',
      ActiveAt: null,
    };
    const spans = spansOf(stream([rotated(10, 'a', 'b'), unchanged], 'c'));
    expect(spans.at(-2)).toEqual([60.6, undefined, 'SEEN']);
  });

  it('restores the key of a rollback, and keeps its age', () => {
    const rolledBack = failed(20, {
      Error: 'KMSDisabledException',
      PreviousKeyId: 'a',
      Outcome: 'ROLLED_BACK',
      Rollback: { Status: 'ROLLED_BACK', KeyId: 'a', ActiveAt: iso(21) },
    });
    const input = stream([rotated(10, 'b', 'a'), rolledBack], 'a');
    expect(spansOf(input)).toEqual([
      ['ever', undefined, 'BEFORE_RECORDS'],
      [10.5, 'b', 'BEFORE_RECORDS'],
      [10.5, 'a', 'ROTATION'],
      [20, 'b', 'FAILED_ROTATION'],
      [21, 'a', 'ROLLBACK'],
    ]);
    expect(ageSpan(keyHistory(input, NOW))?.from).toBe(T0 + 10.5 * HOUR);
  });

  const ageOf = (history: Outcome[], KeyId: string, entry?: LedgerEntry) => {
    const from = ageSpan(keyHistory(stream(history, KeyId, entry), NOW))?.from;
    return from === undefined ? undefined : (from - T0) / HOUR;
  };
  const refused = failed(20, { Error: 'KMSAccessDeniedException' });

  it('does not count the age of a key from a rotation whose probe was refused', () => {
    const history = [rotated(10, 'b', 'a'), refused];
    expect(ageOf(history, 'b')).toBe(10.5);
    expect(keyHistory(stream(history, 'b'), NOW).map(isUnverified)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('counts it from there once a later probe proves the key', () => {
    const proved: Success = {
      ...rotated(60, 'b', 'b'),
      Outcome: 'UNCHANGED',
      ActiveAt: null,
    };
    const history = [rotated(10, 'b', 'a'), refused, proved];
    expect(ageOf(history, 'b')).toBe(20);
    const last = keyHistory(stream(history, 'b'), NOW).at(-1);
    expect(last?.verifiedAt).toBe(T0 + 60.6 * HOUR);
    expect(last && isUnverified(last)).toBe(false);
  });

  it('does not count it from an external start, or from what only the ledger has', () => {
    const start = {
      RequestId: 'theirs',
      KeyId: 'b',
      At: T0 + 30 * HOUR,
      By: 'arn:them',
    };
    const { entry } = recordExternalStart(
      emptyEntry(ARN),
      start,
      T0 + 30 * HOUR,
    );
    expect(ageOf([rotated(10, 'b', 'a')], 'b', entry)).toBe(10.5);
    const LastApplied = { KeyId: 'b', KeyArn: 'arn:b', AppliedAt: start.At };
    const known = { ...emptyEntry(ARN), LastApplied };
    expect(ageOf([rotated(10, 'b', 'a')], 'b', known)).toBe(10.5);
  });

  it('derives the effect of a failed rotation from the current key', () => {
    const history = [rotated(10, 'b', 'a'), failed(20)];
    expect(spansOf(stream(history, 'b')).at(-1)).toEqual([
      20,
      'b',
      'FAILED_ROTATION',
    ]);
    expect(spansOf(stream(history, 'a')).at(-1)).toEqual([
      10.5,
      'a',
      'ROTATION',
    ]);
    expect(spansOf(stream(history, 'c')).slice(-2)).toEqual([
      [20, undefined, 'SEEN'],
      [100, 'c', 'SEEN'],
    ]);
  });

  it('starts a new span for a key that a failed rollback may have restored', () => {
    const history = [
      rotated(10, 'b', 'a'),
      failed(20, {
        Error: 'KMSDisabledException',
        Rollback: { Status: 'FAILED', Cause: 'QuotaExhausted' },
      }),
    ];
    expect(spansOf(stream(history, 'a')).at(-1)).toEqual([
      20,
      'a',
      'FAILED_ROTATION',
    ]);
  });

  it('ignores the previous key of a plan from the lease of another rotation', () => {
    const refused = failed(10.8, {
      Error: 'RotationInProgress',
      SlotsSpent: 0,
      PreviousKeyId: 'a',
    });
    expect(spansOf(stream([rotated(10, 'a', 'b'), refused], 'b'))).toHaveLength(
      3,
    );
  });

  it('ignores the target of a rotation that spent no slot', () => {
    const history = [rotated(10, 'b', 'a'), failed(20, { SlotsSpent: 0 })];
    expect(spansOf(stream(history, 'a'))).toHaveLength(3);
  });

  it('has external starts from CloudTrail, with their callers', () => {
    const { entry } = recordExternalStart(
      emptyEntry(ARN),
      { RequestId: 'r', KeyId: 'x', At: T0 + 90 * HOUR, By: 'arn:someone' },
      NOW,
    );
    const spans = keyHistory(stream([rotated(10, 'a', 'b')], 'x', entry), NOW);
    expect(spans.at(-1)).toMatchObject({
      from: T0 + 90 * HOUR,
      KeyId: 'x',
      known: 'REPORTED',
      by: 'arn:someone',
    });
  });

  it('has external stops from CloudTrail, with their callers', () => {
    const { entry } = recordExternalStop(
      emptyEntry(ARN),
      { RequestId: 'r', At: T0 + 90 * HOUR, By: 'arn:someone' },
      NOW,
    );
    const spans = keyHistory(stream([rotated(10, 'a', 'b')], null, entry), NOW);
    expect(spans.at(-1)).toMatchObject({
      from: T0 + 90 * HOUR,
      KeyId: null,
      known: 'REPORTED',
      by: 'arn:someone',
    });
  });

  it('takes the last applied key from the ledger while its record is missing', () => {
    const entry: LedgerEntry = {
      ...emptyEntry(ARN),
      LastApplied: { KeyId: 'c', KeyArn: 'arn:c', AppliedAt: T0 + 99 * HOUR },
    };
    expect(spansOf(stream([rotated(10, 'a', 'b')], 'c', entry)).at(-1)).toEqual(
      [99, 'c', 'LEDGER'],
    );
  });

  it.each([
    ['as AWS answered', 10.2],
    ['by the second, from CloudTrail', 10 - 0.5 / 3600],
    ['by a clock that is ahead', 10.5 + 1 / 3600],
  ])(
    'counts a key once that is in the ledger and in a record, with the time %s',
    (_, hours) => {
      const AppliedAt = T0 + hours * HOUR;
      const entry: LedgerEntry = {
        ...emptyEntry(ARN),
        LastApplied: { KeyId: 'b', KeyArn: 'arn:b', AppliedAt },
      };
      expect(spansOf(stream([rotated(10, 'a', 'b')], 'b', entry))).toEqual([
        ['ever', undefined, 'BEFORE_RECORDS'],
        [10.5, 'a', 'BEFORE_RECORDS'],
        [10.5, 'b', 'ROTATION'],
      ]);
    },
  );
});
