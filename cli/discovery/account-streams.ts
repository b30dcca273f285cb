import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import pThrottle from 'p-throttle';
import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import type { ResolvedKey } from '../../shared/keys/key-ring.ts';
import { describeKeys } from '../../shared/lookup/describe-keys.ts';
import {
  type DescribedStream,
  describeStream,
} from '../../shared/lookup/describe-stream.ts';
import type {
  ListedStream,
  Throttle,
} from '../../shared/lookup/list-streams.ts';

/** A stream that ListStreams lists, and its description, or why it failed. */
export interface FoundStream extends ListedStream {
  description: DescribedStream | { Error: string; Cause: string };
}

/** Half of what AWS allows an account in a Region; the sweep takes a quarter. */
export const DESCRIPTIONS_PER_SECOND = 10;

export const throttled: Throttle = (call, limit) =>
  pThrottle({ limit, interval: 1000, strict: true })(call);

/**
 * Describes streams, in their order. One that Kinesis does not describe carries the
 * error.
 *
 * @param onStream called when one more stream is described
 */
export function describeStreams(
  kinesis: KinesisClient,
  streams: readonly ListedStream[],
  throttle: Throttle,
  onStream: () => void = () => {},
): Promise<FoundStream[]> {
  const describe = throttle(
    ({ StreamName }: ListedStream) => describeStream(kinesis, { StreamName }),
    DESCRIPTIONS_PER_SECOND,
  );
  return Promise.all(
    streams.map(async (stream) => {
      const description = await describe(stream).catch(
        ({ name, message }: Error) => ({ Error: name, Cause: message }),
      );
      onStream();
      return { ...stream, description };
    }),
  );
}

/** The key of a stream as Kinesis shows it; undefined without one. */
export function shownKey({ description }: FoundStream): string | undefined {
  return 'KeyId' in description ? description.KeyId : undefined;
}

/**
 * Asks KMS once for each key that the streams are under. A key that KMS does not
 * describe carries the error.
 *
 * @returns the keys by their KeyId as Kinesis shows it
 */
export async function resolveShownKeys(
  kms: KMSClient,
  streams: readonly FoundStream[],
  region: string,
): Promise<Map<string, ResolvedKey>> {
  const shown = new Set(streams.flatMap((stream) => shownKey(stream) ?? []));
  const keys = await Promise.all(
    [...shown].map((KeyId) => resolveKey(kms, KeyId, region)),
  );
  return new Map(keys.map((key) => [key.KeyId, key]));
}

/** Describes a key in any form. One that KMS does not describe carries the error. */
export async function resolveKey(
  kms: KMSClient,
  KeyId: string,
  region: string,
): Promise<ResolvedKey> {
  try {
    const [key] = await describeKeys(kms, { KeyId }, region);
    return key ?? { KeyId };
  } catch (error) {
    return { KeyId, Refusal: error as Error };
  }
}

/** The ARN of a key, which a KeyId that is a key ARN has without KMS. */
export function knownArn({ KeyId, Metadata }: ResolvedKey): string | undefined {
  const parts = parseKeyId(KeyId);
  const isArn = parts?.account !== undefined;
  return (
    Metadata?.Arn ??
    (isArn && parts.resource.startsWith('key/') ? KeyId : undefined)
  );
}

/** For people: why KMS did not describe a key. */
export function refusalText({ Refusal }: ResolvedKey): string {
  return Refusal
    ? `${Refusal.name}: ${Refusal.message}`
    : 'KMS did not describe the key';
}
