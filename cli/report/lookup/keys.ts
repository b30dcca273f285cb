import {
  GetKeyRotationStatusCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import type { RotationRequest } from '../../../shared/contract/request.ts';
import { requestedKeys } from '../../../shared/contract/requested.ts';
import { nameError } from '../../../shared/errors/aws-errors.ts';
import { readStreamArn } from '../../../shared/identifiers/arn.ts';
import type { ResolvedKey } from '../../../shared/keys/key-ring.ts';
import { refusalText, resolveKey } from '../../discovery/account-streams.ts';
import { presentKey } from '../key-facts.ts';
import type { KmsRotation, StreamInput, StreamKey } from '../report-input.ts';

/**
 * Describes keys for a report, in their order. Those that KMS does not describe carry
 * the reason: one key must not keep the others from the report.
 */
export function describeForReport(
  kms: KMSClient,
  keys: Pick<RotationRequest, 'KeyId' | 'KeyIds'>,
  region: string,
): Promise<ResolvedKey[]> {
  const { keyIds } = requestedKeys(keys);
  return Promise.all(keyIds.map((keyId) => resolveKey(kms, keyId, region)));
}

/**
 * Adds the keys of each stream: those of its ring, and its present key if that is
 * another one. Asks KMS once for each key ARN how it rotates the key itself.
 */
export async function gatherKeys(
  streams: readonly StreamInput[],
  kms: KMSClient,
): Promise<StreamInput[]> {
  const asked = new Map<string, Promise<KmsRotation>>();
  const rotationOf = (key: ResolvedKey) => {
    const arn = key.Metadata?.Arn;
    if (arn === undefined) {
      return { status: 'UNKNOWN', reason: refusalText(key) } as const;
    }
    const answer = asked.get(arn) ?? rotationStatus(kms, arn);
    asked.set(arn, answer);
    return answer;
  };
  // The sockets of the client bound how many calls are under way.
  return Promise.all(
    streams.map(async (stream) => {
      const keys = await keysOf(stream, kms);
      const withRotation = keys.map(
        async (key): Promise<StreamKey> => ({
          ...key,
          rotation: await rotationOf(key),
        }),
      );
      return { ...stream, keys: await Promise.all(withRotation) };
    }),
  );
}

async function keysOf(
  stream: StreamInput,
  kms: KMSClient,
): Promise<readonly ResolvedKey[]> {
  const { ring = [], StreamARN } = stream;
  const { KeyId, KeyArn } = presentKey(stream);
  if (KeyId === null) return ring;
  const isInRing = ring.some(({ Metadata }) => Metadata?.Arn === KeyArn);
  if (KeyArn !== null && isInRing) return ring;
  const { region } = readStreamArn(StreamARN);
  const [present] = await describeForReport(
    kms,
    { KeyId: KeyArn ?? KeyId },
    region,
  );
  return present === undefined ? ring : [...ring, { ...present, KeyId }];
}

/**
 * A key of another account, or of no right, is unknown: never `OFF`.
 *
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html
 */
async function rotationStatus(
  kms: KMSClient,
  KeyId: string,
): Promise<KmsRotation> {
  try {
    const answer = await kms.send(new GetKeyRotationStatusCommand({ KeyId }));
    const { KeyRotationEnabled, RotationPeriodInDays, NextRotationDate } =
      answer;
    if (KeyRotationEnabled === undefined) {
      return { status: 'UNKNOWN', reason: 'KMS did not answer it' };
    }
    if (!KeyRotationEnabled) return { status: 'OFF' };
    return {
      status: 'ON',
      periodInDays: RotationPeriodInDays,
      nextAt: NextRotationDate?.getTime(),
    };
  } catch (error) {
    const { name, message } = nameError(error);
    return { status: 'UNKNOWN', reason: `${name}: ${message}` };
  }
}
