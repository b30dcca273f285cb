import { describe, expect, it } from 'vitest';
import { keyNeeds } from '../../../cli/keys/key-needs.ts';
import { keptReason, retirementSteps } from '../../../cli/keys/retirement.ts';
import type {
  StreamFacts,
  StreamLook,
  Undescribed,
} from '../../../cli/keys/stream-facts.ts';
import type { Outcome } from '../../../shared/contract/outcome.ts';
import { emptyEntry, type KeyPeriod } from '../../../shared/ledger/entry.ts';
import { keyArn, kmsKey } from '../../support/aws/kms-key.ts';
import { DAY, HOUR, T0 } from '../../support/ledger/transitions.ts';

const NOW = T0 + 30 * DAY;
const MARGIN = 65_000;
const ALIASES: Record<string, string> = {
  'alias/a': keyArn(1),
  'alias/b': keyArn(2),
};

interface Given {
  look?: Partial<StreamLook> | Undescribed;
  periods?: KeyPeriod[];
  history?: Outcome[];
  listed?: { KeyIds: string[] };
}

function streamOf(name: string, given: Given = {}): StreamFacts {
  const { look = {}, periods, history = [], listed } = given;
  const StreamARN = `arn:aws:kinesis:us-east-1:123456789012:stream/${name}`;
  return {
    StreamName: name,
    StreamARN,
    listed,
    look:
      'Error' in look
        ? look
        : {
            StreamStatus: 'ACTIVE',
            KeyId: 'alias/b',
            RetentionPeriodHours: 24,
            at: NOW,
            ...look,
          },
    record: {
      entry: {
        ...emptyEntry(StreamARN),
        ...(periods && { KeyPeriods: periods }),
      },
      history,
    },
  };
}

const A = { KeyId: 'alias/a', KeyArn: keyArn(1) };
const B = { KeyId: 'alias/b', KeyArn: keyArn(2) };

const left = (at: number, of = A): KeyPeriod => ({
  ...of,
  From: T0,
  LeftAt: at,
  RetentionHours: 24,
});

function needsOf(streams: StreamFacts[], unknown: string[] = []) {
  const resolve = (keyId: string) => ALIASES[keyId];
  return keyNeeds({ streams, resolve, unknown, now: NOW });
}

const needOf = (streams: StreamFacts[], n = 1, unknown: string[] = []) =>
  needsOf(streams, unknown).find(({ KeyArn }) => KeyArn === keyArn(n));

const old = { ...B, From: T0 + DAY };

describe('keyNeeds', () => {
  it('calls a key needed to the end of its last record, and not longer', () => {
    const just = NOW - DAY - MARGIN;
    const at = (leftAt: number) =>
      needOf([streamOf('one', { periods: [left(leftAt), old] })])?.verdict;
    expect(at(just + 1)).toBe('NEEDED');
    expect(at(just)).toBe('NOT_NEEDED');
  });

  it('waits for the last stream that shares the key', () => {
    const streams = [
      streamOf('one', { periods: [left(T0 + DAY), old] }),
      streamOf('two', { periods: [left(NOW - HOUR), old] }),
    ];
    expect(needOf(streams)).toMatchObject({
      verdict: 'NEEDED',
      neededUntil: NOW - HOUR + DAY + MARGIN,
    });
  });

  it('counts a stream of the account that the ledger does not know', () => {
    const streams = [
      streamOf('one', { periods: [left(T0 + DAY), old] }),
      streamOf('two', { look: { KeyId: keyArn(1) } }),
    ];
    expect(needOf(streams)?.verdict).toBe('IN_USE');
  });

  it.each([
    ['is not described', { look: { Error: 'no', Cause: 'no' } }],
    ['is being updated', { look: { StreamStatus: 'UPDATING' } }],
    ['has an unknown key', { look: { KeyId: 'alias/gone' } }],
    [
      'was under a key without a name',
      { periods: [left(NOW - HOUR, { KeyId: 'unknown' } as typeof A)] },
    ],
  ])('knows no key to be safe while a stream %s', (_, given) => {
    const streams = [
      streamOf('one', { periods: [left(T0 + DAY), old] }),
      streamOf('two', given),
    ];
    const need = needOf(streams);
    expect(need?.verdict).toBe('NOT_KNOWN');
    expect(need?.unknown.join()).toContain('two');
  });

  it('knows no key to be safe while streams may not be listed', () => {
    const streams = [streamOf('one', { periods: [left(T0 + DAY), old] })];
    expect(needOf(streams, 1, ['denied'])?.verdict).toBe('NOT_KNOWN');
    expect(needOf(streams)?.verdict).toBe('NOT_NEEDED');
  });

  it('counts a presumed alias as every key that it is known to have been', () => {
    const streams = [
      streamOf('one', {
        periods: [left(T0 + DAY, { ...B, KeyArn: keyArn(3) }), old],
      }),
      streamOf('two', { look: { KeyId: 'alias/b' } }),
    ];
    expect(needOf(streams, 3)?.verdict).toBe('IN_USE');
  });

  it('does not know what a stream of rotations.yml was under before the ledger knew it', () => {
    const listed = { KeyIds: ['alias/a', 'alias/b'] };
    const two = (From: number) =>
      streamOf('two', { listed, periods: [{ ...B, From, IsSeen: true }] });
    const one = streamOf('one', { periods: [left(T0 + DAY), old] });
    expect(needOf([one, two(NOW - HOUR)])?.verdict).toBe('NOT_KNOWN');
    expect(needOf([one, two(T0 + 2 * DAY)])?.verdict).toBe('NOT_NEEDED');
  });

  it('adds former keys that only records of rotations name', () => {
    const record = (
      days: number,
      from: string | null,
      to: typeof A,
    ): Outcome => {
      const time = new Date(NOW - days * DAY).toISOString();
      return {
        RotationId: `r${days}`,
        StartedAt: time,
        Status: 'SUCCEEDED',
        Outcome: 'ROTATED',
        StreamName: 'one',
        StreamARN: 'one',
        EncryptionType: 'KMS',
        ...to,
        PreviousKeyId: from,
        ActiveAt: time,
        VerifiedAt: null,
        Verification: null,
        Quota: { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null },
      };
    };
    const history = [record(3, 'alias/a', B), record(9, null, A)];
    const look = { RetentionPeriodHours: 168 };
    const periods = [{ ...B, From: NOW - DAY, IsSeen: true as const }];
    const need = needOf([streamOf('one', { look, history, periods })]);
    expect(need).toMatchObject({
      verdict: 'NEEDED',
      neededUntil: NOW - 3 * DAY + 7 * DAY + MARGIN,
    });
    const short = { RetentionPeriodHours: 24 };
    const over = needOf([streamOf('one', { look: short, history, periods })]);
    expect(over?.verdict).toBe('NOT_NEEDED');
  });
});

describe('a key that no record needs', () => {
  const [need] = needsOf([
    streamOf('one', {
      look: { KeyId: 'alias/b' },
      periods: [left(T0 + DAY), old],
    }),
  ]).filter(({ KeyArn }) => KeyArn === keyArn(1));
  if (need === undefined) throw new Error('no key');
  const key = (metadata: object, namedBy: string[] = []) => ({
    ...need,
    namedBy,
    state: {
      metadata: kmsKey(1, { KeyManager: 'CUSTOMER', ...metadata }),
      lastUsage: { status: 'NOT_KNOWN' as const, reason: 'no' },
    },
  });

  it.each([
    ['AWS manages it', { KeyManager: 'AWS' as const }, [], []],
    ['rotations.yml names it for two', {}, ['two'], []],
    ['it may be one of them: alias/x', {}, [], ['alias/x: denied']],
    ['scheduled already', { KeyState: 'PendingDeletion' as const }, [], []],
  ])('stays where %s', (reason, metadata, namedBy, unknownRings) => {
    expect(keptReason(key({}), { unknownRings: [] })).toBeUndefined();
    expect(keptReason(key(metadata, namedBy), { unknownRings })).toContain(
      reason,
    );
  });

  it('is retired by commands for a shell, each with the way back', () => {
    const where = { region: 'us-east-1', profile: "o'hara" };
    const steps = retirementSteps(keyArn(1), true, where, NOW);
    const flags = `--key-id ${keyArn(1)}`;
    const end = "--region us-east-1 --profile 'o'\\''hara'";
    expect(steps.map(({ command }) => command)).toEqual([
      `aws kms get-key-last-usage ${flags} ${end}`,
      `aws kms disable-key ${flags} ${end}`,
      expect.stringMatching(
        /^aws cloudtrail lookup-events .*DisabledException/,
      ),
      `aws kms schedule-key-deletion ${flags} --pending-window-in-days 30 ${end}`,
    ]);
    expect(steps.map(({ back }) => back)).toEqual([
      undefined,
      `aws kms enable-key ${flags} ${end}`,
      undefined,
      `aws kms cancel-key-deletion ${flags} ${end}`,
    ]);
  });
});
