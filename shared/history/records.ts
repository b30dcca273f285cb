import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Outcome } from '../contract/outcome.ts';
import type { LedgerItem } from '../ledger/ledger-reader.ts';

/** Prefix of the sort keys of a stream's records, which sort by their start. */
export const ROTATION_RECORD = 'ROTATION#';

/** The outcome in a record of a rotation. */
export function toOutcome(item: LedgerItem): Outcome {
  const {
    Record: _,
    ExpiresAt: __,
    WriteId: ___,
    ...outcome
  } = unmarshall(item);
  return outcome as Outcome;
}
