import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import type { ResolvedKey } from '../../shared/keys/key-ring.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';
import type { KeysAnswer } from '../keys/judge-keys.ts';
import type { Undescribed } from '../keys/stream-facts.ts';

/** What DescribeStreamSummary returns, or why it failed. */
export type StreamDescription =
  | {
      EncryptionType?: string | undefined;
      KeyId?: string | undefined;
      StreamCreationTimestamp?: Date | undefined;
    }
  | Undescribed;

/**
 * Whether KMS rotates the material of a key by itself. Times are milliseconds;
 * `reason` is for people.
 */
export type KmsRotation =
  | {
      status: 'ON';
      periodInDays: number | undefined;
      nextAt: number | undefined;
    }
  | { status: 'OFF' }
  | { status: 'UNKNOWN'; reason: string };

/** A key, with the answers of kms:DescribeKey and kms:GetKeyRotationStatus. */
export interface StreamKey extends ResolvedKey {
  rotation: KmsRotation;
}

/** What is known of one stream. Names of AWS's fields keep AWS's spelling. */
export interface StreamInput {
  StreamName: string;
  StreamARN: string;
  description: StreamDescription;
  /** The key ARN to which KMS resolves the stream's KeyId now, if it can. */
  KeyArn?: string | undefined;
  ledgerEntry: LedgerEntry;
  /** The stream's records in the ledger, in any order, of any age. */
  history: readonly Outcome[];
  /** The stream in rotations.yml; absent if it is not listed there. */
  listed?: RotationsStream | undefined;
  /** The keys of its ring as KMS describes them, in their order. */
  ring?: readonly ResolvedKey[] | undefined;
  /** Those of the ring, and the present key if it is another; absent if not asked. */
  keys?: readonly StreamKey[] | undefined;
}

/**
 * Which streams of the account and Region rotations.yml does not list:
 *
 * - `LISTED`: Kinesis listed `streams` streams in all
 * - `UNKNOWN`: Kinesis did not list them; `reason` is for people
 * - `NOT_ASKED`: the report is about one stream
 */
export type Coverage =
  | { status: 'LISTED'; streams: number; notManaged: UnmanagedStream[] }
  | { status: 'UNKNOWN'; reason: string }
  | { status: 'NOT_ASKED' };

/** A stream that rotations.yml does not list. */
export interface UnmanagedStream {
  StreamName: string;
  description: StreamDescription;
}

/**
 * The rotations.yml of the report: the file that was read, or the one that the stack was
 * deployed with. `reason` is for people.
 */
export type RotationsHash =
  | { status: 'READ'; path: string; sha256: string }
  | { status: 'DEPLOYED'; sha256: string }
  | { status: 'UNKNOWN'; reason: string };

/**
 * The template of the stack, as CloudFormation returns it. `updatedAt` is ISO 8601;
 * `reason` is for people.
 */
export type DeployedTemplate =
  | { status: 'READ'; stackId: string; updatedAt: string; sha256: string }
  | { status: 'UNKNOWN'; reason: string }
  | { status: 'NOT_DEPLOYED' };

export interface Configuration {
  rotations: RotationsHash;
  template: DeployedTemplate;
}

/** Where and when a report was made. Times are milliseconds since the epoch. */
export interface ReportHeader {
  generatedAt: number;
  from: number;
  /** At most `generatedAt`. */
  to: number;
  region: string;
  account: string;
  /** A stage of the deployment, or `embedded AWS`. */
  stage: string;
  tableName: string;
  /** The version in package.json. */
  version: string;
  configuration: Configuration;
  coverage: Coverage;
  /** Until when records need the keys of the streams; absent if not asked. */
  keyNeeds?: KeysAnswer;
}

export interface ReportInput extends ReportHeader {
  streams: readonly StreamInput[];
}
