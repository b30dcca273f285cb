import { expect, it } from 'vitest';
import { HISTORY_DAYS } from '../../../shared/ledger/quota-ledger.ts';
import { RATE_LIMITED_MS, STOPPED_MS } from '../../../shared/ledger/window.ts';
import {
  BUSY_TIMEOUT_MS,
  LEASE_MS,
  QUOTA_WAIT_MS,
  RIGHTS_MS,
  STALE_MS,
  UPDATE_TIMEOUT_MS,
  YOUNG_KEY_MS,
} from '../../../shared/rotation/deadlines.ts';
import { MAX_START_ATTEMPTS } from '../../../shared/rotation/start-error.ts';
import { MAX_UNANSWERED_STARTS } from '../../../shared/rotation/stream-status.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

it('the numbers are those that docs/ promises', () => {
  expect({
    HISTORY_DAYS,
    MAX_START_ATTEMPTS,
    MAX_UNANSWERED_STARTS,
    STALE_MS,
    STOPPED_MS,
    RIGHTS_MS,
    YOUNG_KEY_MS,
    RATE_LIMITED_MS,
    UPDATE_TIMEOUT_MS,
    BUSY_TIMEOUT_MS,
    LEASE_MS,
    QUOTA_WAIT_MS,
  }).toEqual({
    HISTORY_DAYS: 400,
    MAX_START_ATTEMPTS: 6,
    MAX_UNANSWERED_STARTS: 3,
    STALE_MS: 30 * SECOND,
    STOPPED_MS: 110 * SECOND,
    RIGHTS_MS: 5 * MINUTE,
    YOUNG_KEY_MS: 10 * MINUTE,
    RATE_LIMITED_MS: 10 * MINUTE,
    UPDATE_TIMEOUT_MS: 60 * MINUTE,
    BUSY_TIMEOUT_MS: 60 * MINUTE,
    LEASE_MS: 75 * MINUTE,
    QUOTA_WAIT_MS: 48 * 60 * MINUTE,
  });
});
