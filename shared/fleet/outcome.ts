import type { Success } from '../contract/outcome.ts';

/** How the rotation of one stream of a fleet ended, in few bytes. */
export interface StreamOutcome {
  StreamName: string;
  Status: 'SUCCEEDED' | 'FAILED';
  /** Of a rotation that succeeded. */
  Outcome?: Success['Outcome'];
  /** The key that the stream has; left out where there is no room. */
  KeyId?: string;
  /** Of a rotation that failed, as its own outcome has it. */
  Error?: string;
  /** For people; cut where there is no room. */
  Cause?: string;
  /** The name of its execution, the end of its RotationId; none if none was started. */
  Execution?: string;
}

/** Of the streams of a fleet: each counts once. */
type FleetCounts = Record<Success['Outcome'] | 'FAILED', number>;

/** Output of the state machine rotate-fleet, and of a local run. */
export interface FleetOutcome {
  Status: 'SUCCEEDED' | 'FAILED';
  /** ARN of the fleet's execution. */
  FleetId: string;
  /** ISO 8601. */
  StartedAt: string;
  Counts: FleetCounts;
  /** In the order of the input. */
  Streams: StreamOutcome[];
  /** FleetIncomplete, or why the fleet ended before its streams did. */
  Error?: string;
  /** For people: which streams, and why. */
  Cause?: string;
}

/** Names of streams in a cause. */
const NAMED = 50;

/** Sums up how a fleet's rotations ended. */
export function summarizeFleet({
  FleetId,
  StartedAt,
  Streams,
}: Pick<FleetOutcome, 'FleetId' | 'StartedAt' | 'Streams'>): FleetOutcome {
  const Counts: FleetCounts = {
    ROTATED: 0,
    UNCHANGED: 0,
    ALREADY_IN_PROGRESS: 0,
    FAILED: 0,
  };
  for (const { Outcome = 'FAILED' } of Streams) Counts[Outcome]++;
  const fleet = { FleetId, StartedAt, Counts, Streams };
  return Counts.FAILED === 0
    ? { Status: 'SUCCEEDED', ...fleet }
    : {
        Status: 'FAILED',
        Error: 'FleetIncomplete',
        Cause: causeOf(Streams),
        ...fleet,
      };
}

function causeOf(streams: readonly StreamOutcome[]): string {
  const failed = streams.filter(({ Status }) => Status === 'FAILED');
  const named = failed
    .slice(0, NAMED)
    .map((stream) => `${stream.StreamName} ${stream.Error}`);
  const more = failed.length - named.length;
  return `${failed.length} of ${streams.length} rotations failed: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
