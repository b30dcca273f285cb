import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RotationError } from '../../../shared/errors/errors.ts';
import { CLOCK_MARGIN_MS } from '../../../shared/ledger/window.ts';
import {
  STALE_MS,
  UPDATE_TIMEOUT_MS,
} from '../../../shared/rotation/deadlines.ts';
import type { Description } from '../../../shared/rotation/state.ts';
import {
  classifyStreamStatus,
  MAX_UNANSWERED_STARTS,
  type Observation,
} from '../../../shared/rotation/stream-status.ts';

const STARTED = Date.parse('2026-01-01T00:00:00.000Z');
const PLAN = {
  StreamName: 'orders',
  KeyId: 'alias/new',
  PreviousKeyId: 'alias/old',
};
/** The alias is what it was; the key behind it is another one. */
const REPOINTED = { ...PLAN, PreviousKeyId: 'alias/new' };

type StartStatus = 'STARTED' | 'UNKNOWN';

function start(Status: StartStatus = 'STARTED', Unanswered = 1) {
  return { Status, Unanswered, StartedAt: new Date(STARTED).toISOString() };
}

/** What describe says some time after the Start. */
function seen(
  StreamStatus: string,
  KeyId: string | null,
  afterMs: number,
): Observation {
  const IsTarget = KeyId === PLAN.KeyId;
  return { StreamStatus, KeyId, IsTarget, Now: STARTED + afterMs };
}

function thrownBy(judge: () => unknown): RotationError {
  try {
    judge();
  } catch (error) {
    expect(error).toBeInstanceOf(RotationError);
    return error as RotationError;
  }
  throw new Error('Nothing was thrown');
}

/** The description after all of these, one upon the other, or the last one. */
function judgeAll(
  observations: Observation[],
  plan = PLAN,
  started = start(),
): Description | undefined {
  let description: Description | undefined;
  for (const observation of observations) {
    description = classifyStreamStatus(observation, plan, started, description);
    if (description.Status !== 'UPDATING') break;
  }
  return description;
}

/** Looks at a stream that stays under another key, for as long as it takes. */
function staying(key: string | null): Observation[] {
  return Array.from({ length: STALE_MS / 1000 + 1 }, (_, second) =>
    seen('ACTIVE', key, (second + 1) * 1000),
  );
}

describe('classifyStreamStatus', () => {
  it('believes an ACTIVE stream with our key', () => {
    expect(judgeAll([seen('ACTIVE', 'alias/new', 1500)])).toEqual({
      Status: 'ACTIVE',
      StreamStatus: 'ACTIVE',
      KeyId: 'alias/new',
      WaitSeconds: 1,
      SawUpdating: false,
      ActiveAt: new Date(STARTED + 1500).toISOString(),
    });
  });

  it('believes our key under another name', () => {
    const observation = {
      ...seen('ACTIVE', 'arn-of-the-new-key', 1000),
      IsTarget: true,
    };

    expect(judgeAll([observation])?.Status).toBe('ACTIVE');
  });

  it.each(['UPDATING', 'CREATING'])('waits while it is %s', (status) => {
    expect(judgeAll([seen(status, 'alias/new', 60_000)])).toEqual({
      Status: 'UPDATING',
      StreamStatus: status,
      KeyId: 'alias/new',
      WaitSeconds: 6,
      SawUpdating: true,
    });
  });

  it('remembers that it saw the stream UPDATING', () => {
    const description = judgeAll([
      seen('UPDATING', 'alias/old', 1000),
      seen('ACTIVE', 'alias/new', 2000),
    ]);

    expect(description).toMatchObject({ Status: 'ACTIVE', SawUpdating: true });
  });

  it('refuses a stream that is being deleted, naming it', () => {
    const error = thrownBy(() => judgeAll([seen('DELETING', null, 1000)]));

    expect(error.name).toBe('StreamBusy');
    expect(error.message).toContain('StreamName "orders" is DELETING');
  });

  it('gives up when the stream is UPDATING for too long', () => {
    const justBefore = seen('UPDATING', null, UPDATE_TIMEOUT_MS - 1);
    const tooLate = seen('UPDATING', null, UPDATE_TIMEOUT_MS);

    expect(judgeAll([justBefore])?.Status).toBe('UPDATING');
    const error = thrownBy(() => judgeAll([tooLate]));
    expect(error.name).toBe('UpdateTimedOut');
    expect(error.message).toContain('StreamName "orders" is still UPDATING');
    expect(error.message).toContain('60 minutes');
  });

  it('believes our key also after the time ran out', () => {
    const late = seen('ACTIVE', 'alias/new', UPDATE_TIMEOUT_MS + 1000);

    expect(judgeAll([late])?.Status).toBe('ACTIVE');
  });
});

describe('classifyStreamStatus of a stream ACTIVE under another key', () => {
  it('takes that for an old answer at first, and notes for how long', () => {
    const description = judgeAll([
      seen('ACTIVE', 'alias/old', 20_000),
      seen('ACTIVE', 'alias/old', 22_000),
      seen('ACTIVE', 'alias/old', 24_000),
    ]);

    expect(description).toMatchObject({
      Status: 'UPDATING',
      OtherKeySeconds: 4,
    });
  });

  it.each(['STARTED', 'UNKNOWN'] as const)(
    'counts what was waited, since clocks may be apart (%s)',
    (status) => {
      const description = judgeAll(
        [
          seen('ACTIVE', 'alias/old', 1000),
          seen('ACTIVE', 'alias/old', 1000 + CLOCK_MARGIN_MS),
          seen('ACTIVE', 'alias/old', 2000),
        ],
        PLAN,
        start(status),
      );

      expect(description?.Status).toBe('UPDATING');
    },
  );

  it('counts again after the stream was seen UPDATING', () => {
    const description = judgeAll([
      ...staying('alias/old').slice(0, 20),
      seen('UPDATING', 'alias/old', 21_000),
      seen('ACTIVE', 'alias/old', STALE_MS + 1000),
    ]);

    expect(description).toMatchObject({
      Status: 'UPDATING',
      OtherKeySeconds: 0,
    });
  });

  it.each([
    ['the key that it had', 'alias/old', '"orders" is ACTIVE under alias/old'],
    ['another principal', 'alias/them', '"orders" is ACTIVE under alias/them'],
    ['no key', null, '"orders" is ACTIVE under no key'],
  ])('finds a mismatch when it stays with %s', (_what, key, words) => {
    const error = thrownBy(() => judgeAll(staying(key)));

    expect(error.name).toBe('KeyMismatch');
    expect(error.message).toContain(words);
    expect(error.message).toContain('asked for alias/new');
  });

  it('says NOT_APPLIED when the Start went unanswered and nothing changed', () => {
    const description = judgeAll(staying('alias/old'), PLAN, start('UNKNOWN'));

    expect(description?.Status).toBe('NOT_APPLIED');
    expect(description).not.toHaveProperty('OtherKeySeconds');
  });

  it('says NOT_APPLIED also of a stream that was not encrypted', () => {
    const description = judgeAll(
      staying(null),
      { ...PLAN, PreviousKeyId: null } as unknown as typeof PLAN,
      start('UNKNOWN'),
    );

    expect(description?.Status).toBe('NOT_APPLIED');
  });

  it('finds a mismatch when the Start went unanswered and others came', () => {
    const error = thrownBy(() =>
      judgeAll(staying('alias/them'), PLAN, start('UNKNOWN')),
    );

    expect(error.name).toBe('KeyMismatch');
  });

  it('gives up after some unanswered Starts, and says how many', () => {
    const old = staying('alias/old');
    const oneLess = start('UNKNOWN', MAX_UNANSWERED_STARTS - 1);
    const enough = start('UNKNOWN', MAX_UNANSWERED_STARTS);

    expect(judgeAll(old, PLAN, oneLess)?.Status).toBe('NOT_APPLIED');
    const error = thrownBy(() => judgeAll(old, PLAN, enough));
    expect(error.name).toBe('StartNotApplied');
    expect(error.message).toContain(`${MAX_UNANSWERED_STARTS} times`);
    expect(error.message).toContain('StreamName "orders"');
    expect(error.message).toContain('alias/old');
  });

  it('accepts it after exactly this number of seconds, and not before', () => {
    const shown = (OtherKeySeconds: number) => () =>
      classifyStreamStatus(
        seen('ACTIVE', 'alias/other', 40_000),
        PLAN,
        start(),
        {
          Status: 'UPDATING',
          StreamStatus: 'ACTIVE',
          KeyId: 'alias/other',
          WaitSeconds: 1,
          SawUpdating: false,
          OtherKeySeconds,
        },
      );
    expect(shown(STALE_MS / 1000 - 2)().Status).toBe('UPDATING');
    expect(thrownBy(shown(STALE_MS / 1000 - 1)).name).toBe('KeyMismatch');
  });

  it('says so of a stream that is still not encrypted', () => {
    const plan = { ...PLAN, PreviousKeyId: null } as never;
    const gone = start('UNKNOWN', MAX_UNANSWERED_STARTS);
    const error = thrownBy(() => judgeAll(staying(null), plan, gone));
    expect(error.message).toContain('still under no key');
  });
});

describe('classifyStreamStatus where the key reads the same as before', () => {
  it('waits until ACTIVE can no longer be an old answer', () => {
    const early = seen('ACTIVE', 'alias/new', STALE_MS - 1);
    const late = seen('ACTIVE', 'alias/new', STALE_MS);

    expect(judgeAll([early], REPOINTED)?.Status).toBe('UPDATING');
    expect(judgeAll([early, late], REPOINTED)?.Status).toBe('ACTIVE');
  });

  it('believes ACTIVE at once after UPDATING', () => {
    const observations = [
      seen('UPDATING', 'alias/new', 1000),
      seen('ACTIVE', 'alias/new', 2000),
    ];

    expect(judgeAll(observations, REPOINTED)?.Status).toBe('ACTIVE');
  });

  it('fails as StartUnconfirmed when an unanswered Start cannot be proved', () => {
    const late = seen('ACTIVE', 'alias/new', STALE_MS);

    const error = thrownBy(() => judgeAll([late], REPOINTED, start('UNKNOWN')));

    expect(error.name).toBe('StartUnconfirmed');
    expect(error.message).toContain('StreamName "orders"');
    expect(error.message).toContain('alias/new');
  });

  it('does not take an UPDATING after an unanswered Start for its own', () => {
    const observations = [
      seen('UPDATING', 'alias/new', 1000),
      seen('ACTIVE', 'alias/new', STALE_MS),
    ];

    expect(() => judgeAll(observations, REPOINTED, start('UNKNOWN'))).toThrow(
      expect.objectContaining({ name: 'StartUnconfirmed' }),
    );
  });
});

describe('classifyStreamStatus, whatever describe says,', () => {
  const anyStatus = fc.constantFrom('ACTIVE', 'UPDATING', 'CREATING');
  const anyKey = fc.constantFrom('alias/new', 'alias/old', 'alias/them', null);
  const anyPlan = fc.constantFrom(PLAN, REPOINTED);
  const anyStart = fc
    .tuple(fc.constantFrom<StartStatus>('STARTED', 'UNKNOWN'), fc.nat(4))
    .map(([status, attempts]) => start(status, attempts));
  const anyPrevious = fc.option(
    fc.record(
      {
        Status: fc.constant('UPDATING' as const),
        StreamStatus: anyStatus,
        KeyId: anyKey,
        WaitSeconds: fc.integer({ min: 1, max: 15 }),
        SawUpdating: fc.boolean(),
        OtherKeySeconds: fc.nat(STALE_MS / 1000),
      },
      {
        requiredKeys: [
          'Status',
          'StreamStatus',
          'KeyId',
          'WaitSeconds',
          'SawUpdating',
        ],
      },
    ),
    { nil: undefined },
  );

  it('says ACTIVE only of an ACTIVE stream with our key', () => {
    fc.assert(
      fc.property(
        anyStatus,
        anyKey,
        fc.integer({ min: -60_000, max: UPDATE_TIMEOUT_MS * 2 }),
        anyPlan,
        anyStart,
        anyPrevious,
        (status, key, afterMs, plan, started, previous) => {
          const observation = seen(status, key, afterMs);
          let description: Description;
          try {
            description = classifyStreamStatus(
              observation,
              plan,
              started,
              previous,
            );
          } catch (error) {
            expect(error).toBeInstanceOf(RotationError);
            return;
          }

          if (description.Status === 'ACTIVE') {
            expect(status).toBe('ACTIVE');
            expect(observation.IsTarget).toBe(true);
            expect(Date.parse(description.ActiveAt ?? '')).toBe(
              observation.Now,
            );
          }
          expect(description.WaitSeconds).toBeGreaterThanOrEqual(1);
          expect(description.WaitSeconds).toBeLessThanOrEqual(15);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('comes to an end, a poll after the time for it at the latest', () => {
    const anyAnswers = fc.array(fc.tuple(anyStatus, anyKey), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(anyAnswers, anyPlan, anyStart, (answers, plan, started) => {
        let now = 0;
        let description: Description | undefined;
        for (let round = 0; now < UPDATE_TIMEOUT_MS + 15_001; round++) {
          const [status, key] = answers[round % answers.length] ?? ['', null];
          try {
            description = classifyStreamStatus(
              seen(status, key, now),
              plan,
              started,
              description,
            );
          } catch {
            return;
          }
          if (description.Status !== 'UPDATING') return;
          now += description.WaitSeconds * 1000;
        }

        expect.unreachable(`still ${description?.Status} after ${now} ms`);
      }),
    );
  });
});
