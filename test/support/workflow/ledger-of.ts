import { quotaLedger } from '../../../shared/lambda/clients.ts';
import type { LedgerEntry } from '../../../shared/ledger/entry.ts';

/** The ARN of a stream of the embedded AWS. */
export const localStreamArn = (streamName: string) =>
  `arn:aws:kinesis:us-east-1:000000000000:stream/${streamName}`;

/** The ledger entry of a stream of the embedded AWS. */
export const ledgerOf = (streamName: string): Promise<LedgerEntry> =>
  quotaLedger().read(localStreamArn(streamName));

/** Takes slots of a stream, by Starts of another principal that CloudTrail reports. */
export async function takeSlots(
  streamName: string,
  count: number,
): Promise<void> {
  const At = Date.now();
  for (let n = 0; n < count; n++) {
    await quotaLedger().recordExternalStart(localStreamArn(streamName), {
      RequestId: `${streamName} ${n}`,
      KeyId: 'alias/other',
      At,
      By: 'arn:aws:iam::111122223333:user/alice',
    });
  }
}
