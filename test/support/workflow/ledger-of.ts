import { quotaLedger } from '../../../shared/lambda/clients.ts';
import type { LedgerEntry } from '../../../shared/ledger/entry.ts';

/** The ARN of a stream of the embedded AWS. */
export const localStreamArn = (streamName: string) =>
  `arn:aws:kinesis:us-east-1:000000000000:stream/${streamName}`;

/** The ledger entry of a stream of the embedded AWS. */
export const ledgerOf = (streamName: string): Promise<LedgerEntry> =>
  quotaLedger().read(localStreamArn(streamName));
