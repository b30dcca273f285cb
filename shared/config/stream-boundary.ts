import type { RotationRequest } from '../contract/request.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import type { RotationsStream } from './rotations-file.ts';

/** What rotations.yml allows a stream, whatever a request asks for. */
export type StreamBoundary = Pick<
  RotationsStream,
  'KeyIds' | 'FormerKeyIds' | 'Probe' | 'AllowOtherKeys' | 'AllowOtherProbes'
>;

/** By StreamName. */
export type StreamBoundaries = Readonly<Record<string, StreamBoundary>>;

/** Packaging puts their JSON into every bundle in place of this name. */
declare const STREAM_BOUNDARIES: string | undefined;

/** Those of the deployment; none on the embedded AWS. */
export const deployedBoundaries: StreamBoundaries =
  typeof STREAM_BOUNDARIES === 'undefined' ? {} : JSON.parse(STREAM_BOUNDARIES);

export function boundariesOf(
  entries: readonly RotationsStream[],
): StreamBoundaries {
  return Object.fromEntries(
    entries.map((entry) => [
      entry.StreamName,
      {
        KeyIds: entry.KeyIds,
        ...(entry.FormerKeyIds && { FormerKeyIds: entry.FormerKeyIds }),
        ...(entry.Probe && { Probe: entry.Probe }),
        ...(entry.AllowOtherKeys && { AllowOtherKeys: true }),
        ...(entry.AllowOtherProbes && { AllowOtherProbes: true }),
      },
    ]),
  );
}

/** The boundary of a stream; undefined for one that rotations.yml does not list. */
export function boundaryOf(
  boundaries: StreamBoundaries,
  streamName: string,
): StreamBoundary | undefined {
  return Object.hasOwn(boundaries, streamName)
    ? boundaries[streamName]
    : undefined;
}

/**
 * The probe that a rotation writes: that of rotations.yml for a listed stream, else
 * the request's own. Its content stays out of the message.
 *
 * @throws {RotationError} InvalidRequest for a probe that the stream does not allow
 */
export function boundedProbe(
  { Probe }: Pick<RotationRequest, 'Probe'>,
  boundary: StreamBoundary | undefined,
  streamName: string,
): RotationRequest['Probe'] {
  if (boundary === undefined || Probe === undefined) {
    return Probe ?? boundary?.Probe;
  }
  const isListed =
    Probe.PartitionKey === boundary.Probe?.PartitionKey &&
    Probe.Data === boundary.Probe.Data;
  if (isListed || boundary.AllowOtherProbes) return Probe;
  throw new RotationError(
    'InvalidRequest',
    `Probe is not that of StreamName ${quote(streamName)} in rotations.yml; leave it out, or set AllowOtherProbes there and deploy`,
  );
}

/** Whether a key needs no look at KMS to be known as one of the ring. */
export function isNamedInRing(
  boundary: StreamBoundary | undefined,
  keyId: string,
): boolean {
  return (
    boundary === undefined ||
    boundary.AllowOtherKeys === true ||
    boundary.KeyIds.includes(keyId)
  );
}

/**
 * Refuses a key that is no key of the stream's ring now, by whatever name.
 *
 * @param ringArns the key ARNs that the ring resolves to now
 * @throws {RotationError} KeyNotInRing
 */
export function assertInRing(
  boundary: StreamBoundary,
  key: { KeyId: string; KeyArn: string },
  ringArns: readonly (string | undefined)[],
  streamName: string,
): void {
  if (ringArns.includes(key.KeyArn)) return;
  throw new RotationError(
    'KeyNotInRing',
    `KeyId ${quote(key.KeyId)} is key ${key.KeyArn}, which is not in the ring of StreamName ${quote(streamName)}, ${quote(boundary.KeyIds)}; add it to KeyIds in rotations.yml or set AllowOtherKeys there, and deploy`,
  );
}
