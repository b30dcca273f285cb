import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import type { ResolvedKey } from '../../shared/keys/key-ring.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';

/** What DescribeStreamSummary says now, or why it said nothing. */
export type StreamNow =
  | {
      EncryptionType?: string | undefined;
      KeyId?: string | undefined;
      StreamCreationTimestamp?: Date | undefined;
    }
  | { Error: string; Cause: string };

/** All that is known of one stream. */
export interface StreamInput {
  StreamName: string;
  StreamARN: string;
  Now: StreamNow;
  /** What the stream's KeyId resolves to now, if KMS still knows it. */
  KeyArn?: string | undefined;
  Entry: LedgerEntry;
  /** Its records of the ledger, in any order, also from before the period. */
  History: readonly Outcome[];
  /** Its entry of rotations.yml; absent when it is not listed there. */
  Listed?: RotationsStream | undefined;
  /** What KMS says of the keys of its ring, in their order. */
  Ring?: readonly ResolvedKey[] | undefined;
}

/** What a report is made of. Times are milliseconds since the epoch. */
export interface ReportInput {
  GeneratedAt: number;
  From: number;
  /** At most `GeneratedAt`. */
  To: number;
  Region: string;
  Account: string;
  /** A stage of the deployment, or `embedded AWS`. */
  Stage: string;
  TableName: string;
  /** Of package.json. */
  Version: string;
  Streams: readonly StreamInput[];
}
