import { expect, it } from 'vitest';
import { REQUEST_TIMEOUT_MS } from '../../../shared/lambda/clients.ts';
import {
  ANSWER_MS,
  CLOCK_MARGIN_MS,
  EXHAUSTED_MS,
  QUOTA_LIMIT,
  SLOT_MS,
} from '../../../shared/ledger/window.ts';

it('the numbers are those of docs/ledger.md', () => {
  expect({ QUOTA_LIMIT, CLOCK_MARGIN_MS, ANSWER_MS, EXHAUSTED_MS }).toEqual({
    QUOTA_LIMIT: 25,
    CLOCK_MARGIN_MS: 60_000,
    ANSWER_MS: 15_000,
    EXHAUSTED_MS: 3_600_000,
  });
  expect(SLOT_MS).toBe(24 * 3_600_000 + CLOCK_MARGIN_MS);
});

it('the stamp of a slot leaves 5 s for the ledger, and the whole of a call', () => {
  expect(ANSWER_MS - REQUEST_TIMEOUT_MS).toBe(5_000);
});
