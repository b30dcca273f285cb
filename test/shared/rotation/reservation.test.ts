import { describe, expect, it } from 'vitest';
import type { Reservation } from '../../../shared/ledger/reserve.ts';
import { toReservationResult } from '../../../shared/rotation/reservation.ts';

const NextAvailableAt = '2026-01-02T00:00:00.000Z';
const PLAN = {
  StreamName: 'orders',
  KeyId: 'alias/a',
  KeyArn: 'arn:a',
  Decision: 'ROTATE',
} as const;

const exhausted = (Used: number, UsedByOthers?: number): Reservation => ({
  Status: 'QUOTA_EXHAUSTED',
  NextAvailableAt,
  Quota: {
    Limit: 25,
    Used,
    Remaining: 25 - Used,
    NextAvailableAt,
    ...(UsedByOthers !== undefined && { UsedByOthers }),
  },
});

const heldFor = (KeyArn: string): Reservation => ({
  Status: 'IN_PROGRESS',
  Lease: {
    RotationId: 'other',
    StartedAt: '2026-01-01T00:00:00.000Z',
    ExpiresAt: 0,
    KeyId: 'alias/other',
    KeyArn,
    PreviousKeyId: null,
    PreviousKeyArn: null,
  },
});

describe('toReservationResult', () => {
  it.each([
    { Status: 'GRANTED', SlotId: 1, LeaseExpiresAt: NextAvailableAt },
    { Status: 'STALE_PLAN' },
  ] as const)('passes $Status on', (reservation) => {
    expect(toReservationResult(reservation, PLAN)).toEqual(reservation);
  });

  it.each([
    [exhausted(25), 'used 25 of its 25 keys in 24 hours; the next'],
    [exhausted(25, 3), 'has used 22 of its 25 keys in 24 hours by this ledger'],
    [exhausted(25, 3), 'used the rest, or AWS limits the rate of calls'],
    [exhausted(24), 'has 1 slot left of its 25 in 24 hours, and KeepSlot'],
  ])('says how much of the quota is used: %#', (reservation, text) => {
    expect(toReservationResult(reservation, PLAN)).toEqual({
      Status: 'QUOTA_EXHAUSTED',
      NextAvailableAt,
      Cause: expect.stringContaining(text),
    });
  });

  it.each([
    ['arn:a', 'ROTATE', 'ALREADY_IN_PROGRESS'],
    ['arn:a', 'ROLL_BACK', 'ROTATION_IN_PROGRESS'],
    ['arn:other', 'ROTATE', 'ROTATION_IN_PROGRESS'],
  ] as const)('of a lease for %s says to %s: %s', (key, Decision, Status) => {
    const plan = { ...PLAN, Decision };
    expect(toReservationResult(heldFor(key), plan)).toEqual({
      Status,
      InProgressRotationId: 'other',
      Cause: expect.stringContaining('other has been moving'),
    });
  });
});
