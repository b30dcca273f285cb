import { isoTime } from '../../shared/events/iso-time.ts';
import {
  type FleetOutcome,
  type StreamOutcome,
  summarizeFleet,
} from '../../shared/fleet/outcome.ts';
import { fieldOf, parseJson } from '../../shared/json.ts';
import { readFailure } from '../../shared/rotation/failure.ts';
import { FleetProgress } from '../output/fleet-progress.ts';
import { fleetText } from '../output/fleet-text.ts';
import { detailsOf, type RecordedEvent } from './events.ts';
import type { Where } from './next-command.ts';
import type { ExecutionView } from './view.ts';

/** Shows a fleet on AWS, stream by stream. */
export async function fleetView(where: Where): Promise<ExecutionView> {
  const progress = new FleetProgress(process.stderr);
  let shown = 0;
  return {
    show: (history) => {
      for (const event of history.slice(shown)) showEvent(event, progress);
      shown = history.length;
    },
    say: (message) => progress.say(message),
    end: () => progress.end(),
    conclude: (executionArn, history) => {
      const outcome = fleetOutcome(executionArn, history);
      return { outcome, text: fleetText(outcome, where) };
    },
  };
}

function showEvent(event: RecordedEvent, progress: FleetProgress): void {
  const at = event.timestamp.getTime();
  const { total, started, ended } = fleetEvent(event);
  if (total !== undefined) progress.begin(total, at);
  if (started !== undefined) progress.started(at);
  if (ended !== undefined) progress.ended(ended, at);
}

/** What an event of the state machine rotate-fleet says about its streams. */
export function fleetEvent(event: RecordedEvent): {
  /** How many there are. */
  total?: number;
  /** The name of one whose rotation starts. */
  started?: string;
  /** How one ended. */
  ended?: StreamOutcome;
} {
  const { name, input, output } = detailsOf(event);
  switch (`${event.type} ${name}`) {
    case 'ExecutionStarted undefined': {
      const streams = fieldOf(parseJson(input), 'Streams');
      return Array.isArray(streams) ? { total: streams.length } : {};
    }
    case 'TaskStateEntered RotateStream': {
      const stream = fieldOf(
        fieldOf(parseJson(input), 'Request'),
        'StreamName',
      );
      return { started: String(stream) };
    }
    case 'WaitStateEntered WaitForPace':
      return { ended: fieldOf(parseJson(input), 'Result') as StreamOutcome };
    case 'PassStateExited OutcomeUnknown':
      return { ended: parseJson(output) as StreamOutcome };
    default:
      return {};
  }
}

/**
 * The outcome of a fleet, from the history of its execution: the answer of
 * SummarizeFleet, or else the error of the last event with the known streams.
 */
export function fleetOutcome(
  executionArn: string,
  history: readonly RecordedEvent[],
): FleetOutcome {
  const summary = history.findLast(
    (event) =>
      event.type === 'TaskStateExited' &&
      detailsOf(event).name === 'SummarizeFleet',
  );
  const answer = parseJson(summary && detailsOf(summary).output);
  if (fieldOf(answer, 'Counts') !== undefined) return answer as FleetOutcome;
  const start = history[0];
  const end = history.at(-1);
  if (start === undefined || end === undefined) {
    throw new Error(`${executionArn} has no history`);
  }
  const { error, cause } = detailsOf(end);
  return {
    ...summarizeFleet({
      FleetId: executionArn,
      StartedAt: isoTime(start.timestamp.getTime()),
      Streams: history.flatMap((event) => fleetEvent(event).ended ?? []),
    }),
    Status: 'FAILED',
    ...readFailure({ Error: error, Cause: cause || STOPPED }),
  };
}

const STOPPED =
  'The fleet ended before its streams did; each rotation that ran was stopped and settled';
