import { parseRequest } from '../contract/request.ts';
import { requestedStream } from '../contract/requested.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { firstWaitSeconds, pacedStreams } from './pace.ts';
import {
  bytesOf,
  detailBytes,
  FLEET_STREAMS,
  PAYLOAD_BYTES,
} from './payload-budget.ts';

/** A request for rotate-stream that names its stream. */
type FleetRequest = Record<string, unknown> & { StreamName: string };

/** What PlanFleet made of the input. */
export interface FleetPlan {
  Streams: {
    Request: FleetRequest;
    /** Before its rotation starts, once it has a place. */
    WaitSeconds: number;
  }[];
  /** Room for the details of each stream's outcome. */
  DetailBytes: number;
  /** The first streams, whose places stay empty for a pause. */
  PacedStreams: number;
}

/**
 * Reads the input of rotate-fleet, `{"Streams": [request, ...]}`, and checks
 * every request before any is started.
 *
 * @throws {RotationError} InvalidRequest, naming the stream and the field, or
 *   how many streams fit
 */
export function planFleet(input: unknown): FleetPlan {
  const requests = requestsOf(input).map(readRequest);
  const names = requests.map(({ StreamName }) => StreamName);
  const twice = names.findIndex((name, at) => names.indexOf(name) !== at);
  if (twice >= 0) {
    throw invalid(
      `Streams[${twice}]: StreamName ${quote(names[twice])} is listed twice; name each stream once`,
    );
  }
  if (!fits(requests)) throw invalid(tooMany(requests));
  return planOf(requests);
}

function requestsOf(input: unknown): unknown[] {
  const { Streams, ...others } = (
    typeof input === 'object' && input !== null ? input : {}
  ) as Record<string, unknown>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalid(
      `${quote(unknown)} is not a field of a fleet; the only one is Streams`,
    );
  }
  if (!Array.isArray(Streams) || Streams.length === 0) {
    throw invalid(
      `Streams ${quote(Streams)} is not a list of requests; give at least one`,
    );
  }
  return Streams;
}

function readRequest(input: unknown, at: number): FleetRequest {
  try {
    const StreamName = requestedStream(parseRequest(input));
    return { ...(input as object), StreamName };
  } catch (error) {
    throw invalid(`Streams[${at}]: ${(error as Error).message}`);
  }
}

function planOf(requests: readonly FleetRequest[]): FleetPlan {
  return {
    Streams: requests.map((Request, n) => ({
      Request,
      WaitSeconds: firstWaitSeconds(n),
    })),
    DetailBytes: detailBytes(requests.map(({ StreamName }) => StreamName)),
    PacedStreams: pacedStreams(requests.length),
  };
}

function fits(requests: readonly FleetRequest[]): boolean {
  const plan = planOf(requests);
  return (
    requests.length <= FLEET_STREAMS &&
    plan.DetailBytes >= 0 &&
    bytesOf(plan) <= PAYLOAD_BYTES
  );
}

function tooMany(requests: readonly FleetRequest[]): string {
  let fit = 0;
  let beyond = requests.length;
  while (beyond - fit > 1) {
    const middle = Math.floor((fit + beyond) / 2);
    if (fits(requests.slice(0, middle))) fit = middle;
    else beyond = middle;
  }
  const first = requests[fit]?.StreamName;
  return `Streams has ${requests.length} requests, and Step Functions has room for the first ${fit} of them in one execution; start another fleet for those from StreamName ${quote(first)} on`;
}

function invalid(message: string): RotationError {
  return new RotationError('InvalidRequest', message);
}
