import type { RotationsStream } from './rotations-stream.ts';

/** What a drift sweep knows of a stream of rotations.yml. */
export type ListedStream = Pick<
  RotationsStream,
  | 'StreamName'
  | 'KeyIds'
  | 'OnDrift'
  | 'OnVerificationFailed'
  | 'KeepSlotForRollback'
>;

/** Packaging puts their JSON into the bundle of SweepDrift in place of this name. */
declare const SWEPT_STREAMS: string | undefined;

/** The streams of the deployment; on the embedded AWS, those of the session. */
export const deployedStreams = (): ListedStream[] =>
  typeof SWEPT_STREAMS === 'undefined' ? [] : JSON.parse(SWEPT_STREAMS);

export function sweptStreams(
  entries: readonly RotationsStream[],
): ListedStream[] {
  return entries.map(
    ({
      StreamName,
      KeyIds,
      OnDrift,
      OnVerificationFailed,
      KeepSlotForRollback,
    }) => ({
      StreamName,
      KeyIds,
      ...(OnDrift && { OnDrift }),
      ...(OnVerificationFailed && { OnVerificationFailed }),
      ...(KeepSlotForRollback && { KeepSlotForRollback }),
    }),
  );
}
