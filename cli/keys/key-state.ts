import {
  GetKeyLastUsageCommand,
  type KeyMetadata,
  type KMSClient,
} from '@aws-sdk/client-kms';
import { nameError } from '../../shared/errors/aws-errors.ts';
import type { ResolvedKey } from '../../shared/keys/key-ring.ts';
import { refusalText } from '../discovery/account-streams.ts';

/**
 * The last use of a key for a cryptographic operation, since KMS keeps track of it.
 * Times are milliseconds since the epoch.
 *
 * - `USED`: KMS recorded a use
 * - `NOT_SINCE`: KMS recorded none since `since`; `isWholeLife` where the key was
 *   created then or later
 * - `NOT_KNOWN`: KMS did not say; `reason` is for people
 */
export type LastUsage =
  | { status: 'USED'; at: number; operation: string; eventId?: string }
  | { status: 'NOT_SINCE'; since: number; isWholeLife: boolean }
  | { status: 'NOT_KNOWN'; reason: string };

/** What KMS says of a key now. */
export interface KeyState {
  /** Undefined where KMS did not describe it. */
  metadata: KeyMetadata | undefined;
  /** Why it did not, for people. */
  refusal?: string;
  lastUsage: LastUsage;
}

/** Joins what DescribeKey answered with the last use of the key. */
export async function keyState(
  kms: KMSClient,
  key: ResolvedKey,
): Promise<KeyState> {
  const { Metadata: metadata } = key;
  if (metadata?.Arn === undefined) {
    const reason = refusalText(key);
    return {
      metadata: undefined,
      refusal: reason,
      lastUsage: { status: 'NOT_KNOWN', reason },
    };
  }
  return { metadata, lastUsage: await lastUsage(kms, metadata.Arn) };
}

/**
 * The answer may be an hour old. KMS gives none for a key of another account.
 *
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html
 */
async function lastUsage(kms: KMSClient, KeyId: string): Promise<LastUsage> {
  try {
    const { KeyLastUsage, TrackingStartDate, KeyCreationDate } = await kms.send(
      new GetKeyLastUsageCommand({ KeyId }),
    );
    const { Timestamp, Operation, CloudTrailEventId } = KeyLastUsage ?? {};
    if (Timestamp !== undefined) {
      return {
        status: 'USED',
        at: Timestamp.getTime(),
        operation: Operation ?? 'an operation that KMS did not name',
        ...(CloudTrailEventId !== undefined && { eventId: CloudTrailEventId }),
      };
    }
    if (TrackingStartDate === undefined) {
      return { status: 'NOT_KNOWN', reason: 'KMS did not answer it' };
    }
    return {
      status: 'NOT_SINCE',
      since: TrackingStartDate.getTime(),
      isWholeLife:
        KeyCreationDate !== undefined && KeyCreationDate >= TrackingStartDate,
    };
  } catch (error) {
    const { name, message } = nameError(error);
    return { status: 'NOT_KNOWN', reason: `${name}: ${message}` };
  }
}
