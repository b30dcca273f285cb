import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Outcome } from '../contract/outcome.ts';
import type { LedgerItem } from './ledger-reader.ts';

/** Sort keys of a stream's history, in the order of their start, begin so. */
export const ROTATION_RECORD = 'ROTATION#';

/** The outcome that an item of the history keeps. */
export function toOutcome(item: LedgerItem): Outcome {
  const {
    Record: _,
    ExpiresAt: __,
    WriteId: ___,
    ...outcome
  } = unmarshall(item);
  return outcome as Outcome;
}
