import { describe, expect, it } from 'vitest';
import { wholeSecond } from '../../../shared/events/iso-time.ts';
import { emptyEntry } from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import { QUOTA_LIMIT, SLOT_MS } from '../../../shared/ledger/window.ts';
import {
  ARN,
  apply,
  HOUR,
  rotateTimes,
  T0,
} from '../../support/ledger/transitions.ts';

describe('usage', () => {
  it('returns when the first slot is free, in any order of the slots', () => {
    let entry = emptyEntry(ARN);
    for (let i = 0; i < QUOTA_LIMIT; i++) {
      const At = T0 + ((i * 7) % QUOTA_LIMIT) * 1000;
      const theirs = { RequestId: `x${i}`, KeyId: 'k', At, By: 'alice' };
      entry = apply(entry, recordExternalStart(entry, theirs, T0 + HOUR))[1];
    }
    const first = T0 + 1000 + SLOT_MS;
    expect(usage(entry, T0 + HOUR)).toMatchObject({
      Used: QUOTA_LIMIT,
      NextAvailableAt: wholeSecond(first),
    });
    const third = wholeSecond(first + 2000);
    expect(usage(entry, T0 + HOUR, 3).NextAvailableAt).toBe(third);
  });

  it('waits for both a free slot and the end of an exhaustion', () => {
    const full = rotateTimes(25, 0);
    for (const [ExhaustedUntil, next] of [
      [T0 + HOUR, T0 + SLOT_MS],
      [T0 + 2 * SLOT_MS, T0 + 2 * SLOT_MS],
    ] as const) {
      expect(usage({ ...full, ExhaustedUntil }, T0 + 1)).toMatchObject({
        Used: 25,
        NextAvailableAt: wholeSecond(next),
      });
    }
  });

  it('starts from an empty entry', () => {
    expect(emptyEntry(ARN)).toEqual({ StreamARN: ARN, Version: 0, Slots: [] });
  });
});
