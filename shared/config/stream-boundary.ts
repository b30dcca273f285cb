import type { RotationRequest } from '../contract/request.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import type { RotationsStream } from './rotations-stream.ts';

/** The limits that rotations.yml sets to the requests for a stream. */
export type StreamBoundary = Pick<
  RotationsStream,
  'KeyIds' | 'FormerKeyIds' | 'Probe' | 'AllowOtherKeys' | 'AllowOtherProbes'
>;

/** By StreamName. */
export type StreamBoundaries = Readonly<Record<string, StreamBoundary>>;

/** Packaging puts their JSON into every bundle in place of this name. */
declare const STREAM_BOUNDARIES: string | undefined;

/** The boundaries of the deployment; empty on the embedded AWS. */
export const deployedBoundaries: StreamBoundaries =
  typeof STREAM_BOUNDARIES === 'undefined'
    ? {}
    : /* @__PURE__ */ JSON.parse(STREAM_BOUNDARIES);

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

/** Whether a stream may move to a key, by what is known without asking KMS. */
export function isNamedInRing(
  { KeyIds, AllowOtherKeys = false }: StreamBoundary,
  keyId: string,
): boolean {
  return AllowOtherKeys || KeyIds.includes(keyId);
}

/**
 * Refuses a key that the ring of a stream does not resolve to now.
 *
 * @param ringArns the resolved key ARNs of the ring
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
