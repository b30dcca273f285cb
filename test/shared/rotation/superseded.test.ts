import { describe, expect, it } from 'vitest';
import type { PlannedState } from '../../../shared/rotation/state.ts';
import { assertNotSuperseded } from '../../../shared/rotation/superseded.ts';

const ACTIVE = Date.parse('2026-01-01T00:00:02Z');
const VERIFIED = Date.parse('2026-01-01T00:00:12Z');
const STATE = {
  Plan: { StreamName: 'orders', KeyId: 'alias/b', KeyArn: 'arn:b' },
  Description: { ActiveAt: new Date(ACTIVE).toISOString() },
  Verification: { VerifiedAt: new Date(VERIFIED).toISOString() },
} as PlannedState;

const applied = (AppliedAt: number, KeyId = 'alias/a', KeyArn?: string) => ({
  KeyId,
  AppliedAt,
  ...(KeyArn && { KeyArn }),
});

describe('assertNotSuperseded', () => {
  it.each([ACTIVE + 1, VERIFIED])(
    'refuses a key that was applied before the probe',
    (at) => {
      expect(() => assertNotSuperseded(STATE, applied(at))).toThrow(
        expect.objectContaining({
          name: 'KeyMismatch',
          message: expect.stringContaining('KeyId "alias/a"'),
        }),
      );
    },
  );

  it('refuses its own alias when that resolves to another key by then', () => {
    const other = applied(ACTIVE + 1, 'alias/b', 'arn:c');
    expect(() => assertNotSuperseded(STATE, other)).toThrow('KeyId "alias/b"');
  });

  it.each([
    ['nothing', undefined],
    ['a key that it saw replaced', applied(ACTIVE)],
    ['a key that came after the probe', applied(VERIFIED + 1)],
    [
      'its own Start, by a clock that is ahead',
      applied(ACTIVE + 8000, 'alias/b', 'arn:b'),
    ],
    [
      'its own key, as CloudTrail reports it',
      applied(ACTIVE + 8000, 'alias/b'),
    ],
  ])('has nothing against %s', (_, last) => {
    expect(() => assertNotSuperseded(STATE, last)).not.toThrow();
  });

  it('has nothing to compare where no key was applied or proved', () => {
    const { Plan, Description } = STATE;
    const last = applied(ACTIVE + 1);
    expect(() => assertNotSuperseded({ Plan }, last)).not.toThrow();
    expect(() =>
      assertNotSuperseded({ Plan, Description }, last),
    ).not.toThrow();
  });
});
