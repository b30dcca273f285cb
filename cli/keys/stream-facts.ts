import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';

/** Why something is unknown, for people. */
export interface Unknown {
  Unknown: string;
}

/** What DescribeStreamSummary says of a stream, as far as its keys are concerned. */
export interface StreamLook {
  EncryptionType?: string | undefined;
  StreamStatus?: string | undefined;
  /** Absent where the stream is not encrypted. */
  KeyId?: string | undefined;
  RetentionPeriodHours?: number | undefined;
  StreamCreationTimestamp?: Date | undefined;
  /** When Describe had answered, in milliseconds since the epoch. */
  at: number;
}

/** The error of DescribeStreamSummary, by its name and message. */
export interface Undescribed {
  Error: string;
  Cause: string;
}

export const toUndescribed = ({ name, message }: Error): Undescribed => ({
  Error: name,
  Cause: message,
});

/** What the ledger knows of a stream. */
export interface LedgerRecord {
  entry: LedgerEntry;
  /** Its rotations, in any order. */
  history: readonly Outcome[];
}

/** What was read of one stream, to say which keys its records need. */
export interface StreamFacts {
  StreamName: string;
  StreamARN: string;
  /** What rotations.yml says of it, if it is there. */
  listed?: Pick<RotationsStream, 'KeyIds' | 'FormerKeyIds'> | undefined;
  look: StreamLook | Undescribed;
  record: LedgerRecord | Unknown;
}

/** The key ARN to which KMS resolves a KeyId now; undefined where it is unknown. */
export type ResolveKeyId = (keyId: string) => string | undefined;
