import { describe, expect, it } from 'vitest';
import type { Outcome } from '../../../shared/contract/outcome.ts';
import { decideDriftCure } from '../../../shared/keys/drift-cure.ts';
import { emptyEntry, type LedgerEntry } from '../../../shared/ledger/entry.ts';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import {
  ARN,
  grant,
  rotateTimes,
  T0,
} from '../../support/ledger/transitions.ts';

const ALARM = 'drift-orders';

const outcome = (
  Status: 'FAILED' | 'SUCCEEDED',
  AlarmName: string | undefined,
  at = T0,
) =>
  ({
    Status,
    StartedAt: new Date(at).toISOString(),
    ...(AlarmName && { Trigger: { Source: 'alarm', AlarmName } }),
  }) as unknown as Outcome;

async function* newestFirst(outcomes: Outcome[]) {
  yield* outcomes;
}

const decide = (
  outcomes: Outcome[],
  entry: LedgerEntry = emptyEntry(ARN),
  now = T0,
  onlyKeyArn?: string,
) => decideDriftCure(entry, newestFirst(outcomes), ALARM, onlyKeyArn, now);

describe('decideDriftCure', () => {
  it.each([
    ['no rotation', []],
    ['a success', [outcome('SUCCEEDED', ALARM)]],
    ['a failure of a person', [outcome('FAILED', undefined)]],
    ['a failure of another alarm', [outcome('FAILED', 'another')]],
    [
      'a failure before a success',
      [outcome('SUCCEEDED', undefined), outcome('FAILED', ALARM)],
    ],
  ])('starts a first RESTORE at once after %s', async (_, outcomes) => {
    expect(await decide(outcomes)).toEqual({ Attempt: 1 });
  });

  it('waits after one failure', async () => {
    const due = T0 + 10 * 60_000;
    expect(await decide([outcome('FAILED', ALARM, T0)])).toEqual({
      Waits: `a RESTORE failed 1 time; the next one is due at ${new Date(due).toISOString()}`,
    });
  });

  it('waits after its own failures, from the newest one', async () => {
    const failures = [
      outcome('FAILED', ALARM, T0),
      outcome('FAILED', ALARM, T0 - 3_600_000),
    ];
    const due = T0 + 20 * 60_000;
    expect(await decide(failures, undefined, due - 1)).toEqual({
      Waits: `a RESTORE failed 2 times; the next one is due at ${new Date(due).toISOString()}`,
    });
    expect(await decide(failures, undefined, due)).toEqual({ Attempt: 3 });
  });

  describe('of a ring of one alias', () => {
    const KEY = 'arn:aws:kms:us-east-1:123456789012:key/new';
    const rolledBack = (KeyArn = KEY, AlarmName?: string) =>
      ({
        ...outcome('FAILED', AlarmName),
        Outcome: 'ROLLED_BACK',
        KeyArn,
      }) as unknown as Outcome;
    const due = T0 + 6 * 3_600_000;

    it.each([
      ['of a schedule', [rolledBack()]],
      ['of a RESTORE', [rolledBack(KEY, ALARM)]],
      ['before a failure', [outcome('FAILED', ALARM), rolledBack()]],
    ])(
      'waits six hours after a rollback from its key, %s',
      async (_, outcomes) => {
        expect(await decide(outcomes, undefined, due - 1, KEY)).toEqual({
          Waits: `a rotation rolled back from ${KEY}; correct its key policy and start a rotation, or point the alias at another key; the next one is due at ${new Date(due).toISOString()}`,
        });
        const Attempt = outcomes.length + 1;
        expect(await decide(outcomes, undefined, due, KEY)).toEqual({
          Attempt,
        });
      },
    );

    it.each<[string, Outcome[], string | undefined]>([
      ['the alias is another key now', [rolledBack('arn:former')], KEY],
      ['the ring has another key', [rolledBack()], undefined],
      [
        'a rotation has succeeded since',
        [outcome('SUCCEEDED', undefined), rolledBack()],
        KEY,
      ],
    ])('does not wait where %s', async (_, outcomes, onlyKeyArn) => {
      expect(await decide(outcomes, undefined, T0, onlyKeyArn)).toEqual({
        Attempt: 1,
      });
    });
  });

  it('waits for a rotation that holds the stream', async () => {
    const { entry } = grant(emptyEntry(ARN), 'other', T0);
    expect(await decide([], entry)).toEqual({
      Waits: 'other holds the stream',
    });
  });

  it('waits for a slot', async () => {
    const entry = rotateTimes(QUOTA_LIMIT, 1000);
    expect(await decide([], entry, T0 + QUOTA_LIMIT * 1000)).toEqual({
      Waits: expect.stringMatching(/^no slot is free before 2/),
    });
  });
});
