import type { KeyMetadata } from '@aws-sdk/client-kms';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  describableId,
  describeRisk,
  judgeNeededKeys,
  neededPeriods,
  type SeenKey,
} from '../../../shared/guard/needed-key.ts';
import type { KeyPeriod } from '../../../shared/ledger/entry.ts';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-26T12:00:00.000Z');
const STREAM = 'arn:aws:kinesis:eu-west-1:111122223333:stream/orders';
const GUID = '1234abcd-12ab-34cd-56ef-1234567890ab';
const KEY = `arn:aws:kms:eu-west-1:111122223333:key/${GUID}`;
const arnOf = (nth: number) =>
  `arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-12345678900${nth}`;

const CURRENT: KeyPeriod = { KeyId: 'alias/a', KeyArn: KEY, From: NOW - HOUR };
const LEFT: KeyPeriod = { ...CURRENT, LeftAt: NOW - HOUR, RetentionHours: 24 };

const metadata = (fields: Partial<KeyMetadata> = {}): KeyMetadata => ({
  KeyId: GUID,
  Arn: KEY,
  KeyState: 'Enabled',
  ...fields,
});

function judge(
  period: KeyPeriod,
  fields: Partial<KeyMetadata> | Error,
  more: { before?: { KeyArn: string; State: string; Deadline: string }[] } = {},
) {
  const key =
    fields instanceof Error
      ? { KeyId: period.KeyId, Refusal: fields }
      : { KeyId: period.KeyId, Metadata: metadata(fields) };
  const circumstances = { streamArn: STREAM, retentionHours: 24, now: NOW };
  return judgeNeededKeys([{ period, key }], { ...circumstances, ...more });
}

const named = (name: string) => Object.assign(new Error(name), { name });

describe('a needed key', () => {
  const on = `--key-id ${KEY} --region eu-west-1`;

  it.each([
    ['Disabled', {}, 'now', [`aws kms enable-key ${on}`]],
    [
      'PendingDeletion',
      { DeletionDate: new Date('2027-01-01T00:00:00.000Z') },
      '2027-01-01T00:00:00.000Z',
      [`aws kms cancel-key-deletion ${on}`, `aws kms enable-key ${on}`],
    ],
    [
      'PendingReplicaDeletion',
      {},
      'now',
      [`aws kms cancel-key-deletion ${on}`, `aws kms enable-key ${on}`],
    ],
    [
      'Unavailable',
      { CustomKeyStoreId: 'cks-1234567890abcdef0' },
      'now',
      [
        'aws kms connect-custom-key-store --custom-key-store-id cks-1234567890abcdef0 --region eu-west-1',
      ],
    ],
    ['Unavailable', {}, 'now', [`aws kms describe-key ${on}`]],
    ['Creating', {}, 'now', [`aws kms describe-key ${on}`]],
  ] as const)(
    'that is %s is at risk, with a deadline and a remedy',
    (KeyState, fields, Deadline, Remedy) => {
      expect(judge(LEFT, { KeyState, ...fields })).toEqual({
        Risks: [
          {
            KeyId: 'alias/a',
            KeyArn: KEY,
            State: KeyState,
            Deadline,
            NeededUntil: '2026-11-27T11:01:05.000Z',
            Remedy,
          },
        ],
        Unknown: [],
      });
    },
  );

  it('whose material is gone is imported again', () => {
    const [risk] = judge(LEFT, { KeyState: 'PendingImport' }).Risks;
    expect(risk).toMatchObject({ State: 'PendingImport', Deadline: 'now' });
    expect(risk?.Remedy).toEqual([
      expect.stringMatching(/^aws kms get-parameters-for-import --key-id /),
      expect.stringMatching(/^aws kms import-key-material --key-id /),
    ]);
  });

  it.each(['Enabled', 'Updating'] as const)(
    'that is %s is not at risk',
    (KeyState) => {
      const nothing = { Risks: [], Unknown: [] };
      expect(judge(LEFT, { KeyState })).toEqual(nothing);
      expect(judge(CURRENT, { KeyState })).toEqual(nothing);
    },
  );

  it('is at risk by an expiry before its last record expires, to the millisecond', () => {
    const until = Date.parse('2026-11-27T11:01:05.000Z');
    const at = (ms: number) => judge(LEFT, { ValidTo: new Date(ms) }).Risks;
    expect(at(until)).toEqual([]);
    expect(at(until - 1)).toMatchObject([
      { State: 'Expires', Deadline: '2026-11-27T11:01:04.999Z' },
    ]);
  });

  it('of the stream is at risk by an expiry before records of now expire', () => {
    const until = NOW + 24 * HOUR + 65_000;
    const at = (ms: number) => judge(CURRENT, { ValidTo: new Date(ms) }).Risks;
    expect(at(until)).toEqual([]);
    expect(at(until - 1)).toMatchObject([{ NeededUntil: null }]);
  });

  it('that does not exist has no remedy', () => {
    const missing = judge(LEFT, named('NotFoundException')).Risks;
    expect(missing).toMatchObject([
      { KeyArn: KEY, State: 'NotFound', Deadline: 'now', Remedy: [] },
    ]);
    const byId = { KeyId: GUID, From: NOW };
    expect(judge(byId, named('NotFoundException')).Risks).toMatchObject([
      { KeyId: GUID, KeyArn: KEY },
    ]);
  });

  it('that is denied is not known, and no risk', () => {
    expect(judge(LEFT, named('AccessDeniedException'))).toEqual({
      Risks: [],
      Unknown: [{ KeyId: 'alias/a', Reason: 'AccessDeniedException' }],
    });
  });

  it('that is denied stays at risk where it was', () => {
    const before = [{ KeyArn: KEY, State: 'Disabled', Deadline: 'now' }];
    const found = judge(LEFT, named('AccessDeniedException'), { before });
    expect(found.Unknown).toHaveLength(1);
    expect(found.Risks).toMatchObject([
      { State: 'Disabled', Remedy: [`aws kms enable-key ${on}`] },
    ]);
    expect(judge(LEFT, {}, { before })).toEqual({ Risks: [], Unknown: [] });
  });

  it('of an alias that was never resolved is not known', () => {
    const period = { KeyId: 'alias/a', From: NOW };
    expect(describableId(period)).toBeUndefined();
    const circumstances = { streamArn: STREAM, retentionHours: 24, now: NOW };
    expect(judgeNeededKeys([{ period }], circumstances)).toEqual({
      Risks: [],
      Unknown: [
        {
          KeyId: 'alias/a',
          Reason: 'the ledger does not know which key the alias was',
        },
      ],
    });
    expect(describableId({ ...period, KeyId: GUID })).toBe(GUID);
  });

  it('that CloudTrail did not name is not known, though KMS finds none', () => {
    const unnamed = { KeyId: 'unknown', From: NOW };
    const { Risks, Unknown } = judge(unnamed, named('NotFoundException'));
    expect(Risks).toEqual([]);
    expect(Unknown).toMatchObject([{ KeyId: 'unknown' }]);
  });

  it('that two periods are of is one risk, until the later time', () => {
    const key = { KeyId: GUID, Metadata: metadata({ KeyState: 'Disabled' }) };
    const byId = { ...LEFT, KeyId: GUID, LeftAt: NOW - 2 * HOUR };
    const circumstances = { streamArn: STREAM, retentionHours: 24, now: NOW };
    for (const periods of [
      [LEFT, byId],
      [byId, LEFT],
    ]) {
      const seen = periods.map((period) => ({ period, key }));
      const { Risks } = judgeNeededKeys(seen, circumstances);
      expect(Risks.map(({ NeededUntil }) => NeededUntil)).toEqual([
        '2026-11-27T11:01:05.000Z',
      ]);
    }
    const both = [CURRENT, LEFT].map((period) => ({ period, key }));
    expect(judgeNeededKeys(both, circumstances).Risks).toMatchObject([
      { NeededUntil: null },
    ]);
  });
});

describe('neededPeriods', () => {
  const at = (now: number) => ({ retentionHours: 24, now });

  it('are those whose last record has not expired', () => {
    const until = Date.parse('2026-11-27T11:01:05.000Z');
    expect(neededPeriods([LEFT], at(until - 1))).toEqual([LEFT]);
    expect(neededPeriods([LEFT], at(until))).toEqual([]);
    expect(neededPeriods([CURRENT], at(until + 1e12))).toEqual([CURRENT]);
    const longer = { ...at(until), retentionHours: 25 };
    expect(neededPeriods([LEFT], longer)).toEqual([LEFT]);
  });

  it('leave out the keys that AWS manages', () => {
    const own = { ...CURRENT, KeyId: 'alias/aws/kinesis' };
    const byArn = {
      ...own,
      KeyId: 'arn:aws:kms:eu-west-1:111122223333:alias/aws/kinesis',
    };
    expect(neededPeriods([own, byArn], at(NOW))).toEqual([]);
  });
});

describe('the needed keys of any stream', () => {
  const STATES = [
    'Enabled',
    'Disabled',
    'PendingDeletion',
    'PendingImport',
    'PendingReplicaDeletion',
    'Unavailable',
    'Updating',
  ] as const;
  const soon = fc.integer({ min: -60 * HOUR, max: 60 * HOUR });
  const seenKey = fc.record({
    nth: fc.integer({ min: 0, max: 9 }),
    leftMs: fc.option(fc.integer({ min: 0, max: 100 * HOUR })),
    RetentionHours: fc.integer({ min: 24, max: 72 }),
    KeyState: fc.constantFrom(...STATES),
    deletionMs: fc.option(soon),
    validMs: fc.option(soon),
    isDenied: fc.boolean(),
  });

  it('are reported exactly where a record may be unreadable before it expires', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(seenKey, { selector: ({ nth }) => nth }),
        fc.integer({ min: 24, max: 72 }),
        (keys, retentionHours) => {
          const all: SeenKey[] = keys.map((one) => ({
            period: {
              KeyId: `alias/${one.nth}`,
              KeyArn: arnOf(one.nth),
              From: NOW - 200 * HOUR,
              ...(one.leftMs !== null && {
                LeftAt: NOW - one.leftMs,
                RetentionHours: one.RetentionHours,
              }),
            },
            key: one.isDenied
              ? { KeyId: '', Refusal: named('AccessDeniedException') }
              : {
                  KeyId: '',
                  Metadata: metadata({
                    Arn: arnOf(one.nth),
                    KeyState: one.KeyState,
                    ...(one.deletionMs !== null && {
                      DeletionDate: new Date(NOW + one.deletionMs),
                    }),
                    ...(one.validMs !== null && {
                      ValidTo: new Date(NOW + one.validMs),
                    }),
                  }),
                },
          }));
          const circumstances = { streamArn: STREAM, retentionHours, now: NOW };
          const periods = all.map(({ period }) => period);
          const needed = neededPeriods(periods, circumstances);
          const { Risks, Unknown } = judgeNeededKeys(
            all.filter(({ period }) => needed.includes(period)),
            circumstances,
          );
          // A plain model: the last moment at which a record of the key is retained.
          const lastRecord = (one: (typeof keys)[number]) =>
            one.leftMs === null
              ? NOW + retentionHours * HOUR + 65_000
              : NOW -
                one.leftMs +
                Math.max(one.RetentionHours, retentionHours) * HOUR +
                65_000;
          const isNeeded = (one: (typeof keys)[number]) =>
            one.leftMs === null || lastRecord(one) > NOW;
          const isUnreadable = (one: (typeof keys)[number]) =>
            ['Enabled', 'Updating'].includes(one.KeyState)
              ? one.validMs !== null && NOW + one.validMs < lastRecord(one)
              : true;
          const ids = (list: readonly { KeyId: string }[]) =>
            list.map(({ KeyId }) => KeyId).sort();
          const expected = keys.filter(isNeeded);
          const idsOf = (list: typeof keys) =>
            list.map(({ nth }) => `alias/${nth}`).sort();
          expect(ids(Unknown)).toEqual(
            idsOf(expected.filter(({ isDenied }) => isDenied)),
          );
          expect(ids(Risks)).toEqual(
            idsOf(expected.filter((one) => !one.isDenied && isUnreadable(one))),
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('describes a risk in one sentence each', () => {
  const risk = (State: string, Deadline: string, NeededUntil: string | null) =>
    describeRisk({ KeyArn: 'arn:a', State, Deadline, NeededUntil });
  expect(risk('Disabled', 'now', null)).toBe(
    'arn:a has KeyState Disabled: no record under it can be read now. The stream is under it.',
  );
  expect(risk('PendingDeletion', '2027-01-01T00:00:00.000Z', 'T')).toBe(
    'arn:a has KeyState PendingDeletion: no record under it can be read now, and KMS deletes it at 2027-01-01T00:00:00.000Z. Records under it expire until T.',
  );
  expect(risk('NotFound', 'now', 'T')).toMatch(/^arn:a does not exist: /);
  expect(risk('Expires', 'D', 'T')).toMatch(/expires at D: /);
});
