import { readStreamArn } from '../identifiers/arn.ts';
import type { RotationRequest } from './request.ts';

/** The keys that a request names, and the field that names them. */
export function requestedKeys({
  KeyId,
  KeyIds,
}: Pick<RotationRequest, 'KeyId' | 'KeyIds'>): {
  field: 'KeyId' | 'KeyIds';
  keyIds: readonly string[];
} {
  if (KeyIds !== undefined) return { field: 'KeyIds', keyIds: KeyIds };
  return { field: 'KeyId', keyIds: KeyId === undefined ? [] : [KeyId] };
}

/**
 * The name of the stream of a request.
 *
 * @throws for a request that names no stream, which parseRequest refuses
 */
export function requestedStream({
  StreamName,
  StreamARN,
}: Pick<RotationRequest, 'StreamName' | 'StreamARN'>): string {
  if (StreamName !== undefined) return StreamName;
  if (StreamARN !== undefined) return readStreamArn(StreamARN).streamName;
  throw new Error('The request names no stream');
}
