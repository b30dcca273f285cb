import type { HistoryEvent } from '@aws-sdk/client-sfn';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';
import { parseJson } from '../../shared/json.ts';

const ENTERED = /^(\w+)StateEntered$/;
const EXITED = /^(\w+)StateExited$/;
/** A call of a function, or of an integrated service. */
const SCHEDULED = /^(LambdaFunction|Task)Scheduled$/;
const FAILED =
  /^(LambdaFunction|Task)(Failed|TimedOut|ScheduleFailed|StartFailed|SubmitFailed)$/;

type Always = 'id' | 'timestamp' | 'type';

/** An event of an execution's history, with the fields that AWS always sends. */
export type RecordedEvent = HistoryEvent & {
  [Field in Always]-?: NonNullable<HistoryEvent[Field]>;
};

/** What the details of all types of event have in common. */
interface Details {
  name?: string;
  input?: string;
  output?: string;
  error?: string;
  cause?: string;
}

/** An event as it is shown, with its number in the history. */
export type NumberedEvent = ExecutionEvent & { id: number };

/**
 * Translates an execution's history into the events of the local interpreter.
 * Events may come in any order, and more than once; those without a counterpart
 * are left out.
 */
export function executionEvents(
  history: readonly RecordedEvent[],
): NumberedEvent[] {
  const byId = new Map(history.map((event) => [event.id, event]));
  return [...byId.keys()]
    .toSorted((a, b) => a - b)
    .flatMap((id) => {
      const event = byId.get(id);
      const shown = event && translate(event, byId);
      return shown ? [{ ...shown, id }] : [];
    });
}

function translate(
  event: RecordedEvent,
  byId: ReadonlyMap<number, RecordedEvent>,
): ExecutionEvent | undefined {
  const { type } = event;
  const timestamp = event.timestamp.getTime();
  const { name, input, output, error, cause } = detailsOf(event);
  const [, entered] = ENTERED.exec(type) ?? [];
  if (entered !== undefined && name !== undefined) {
    const state = { name, type: entered, input: toObject(input) };
    return { type: 'StateEntered', timestamp, state };
  }
  const [, exited] = EXITED.exec(type) ?? [];
  if (exited !== undefined && name !== undefined) {
    const state = { name, type: exited, output: toObject(output) };
    return { type: 'StateExited', timestamp, state };
  }
  if (type.startsWith('Execution')) {
    return { type, timestamp, Error: error, Cause: cause };
  }
  const { state, attempt } = callOf(event, byId);
  if (state === undefined) return undefined;
  if (SCHEDULED.test(type) && attempt > 0) {
    return { type: 'StateRetried', timestamp, state, retry: { attempt } };
  }
  if (FAILED.test(type)) {
    return {
      type: 'StateFailed',
      timestamp,
      state,
      Error: error,
      Cause: cause,
    };
  }
  return undefined;
}

/**
 * The state that an event belongs to, and how many calls came before it. Events
 * name only the event before them.
 */
function callOf(
  event: RecordedEvent,
  byId: ReadonlyMap<number, RecordedEvent>,
): { state?: ExecutionEvent['state']; attempt: number } {
  let attempt = 0;
  let previous = byId.get(event.previousEventId ?? 0);
  while (previous !== undefined) {
    const [, type] = ENTERED.exec(previous.type) ?? [];
    if (type !== undefined) {
      const { name } = detailsOf(previous);
      return { ...(name !== undefined && { state: { name, type } }), attempt };
    }
    if (SCHEDULED.test(previous.type)) attempt++;
    previous = byId.get(previous.previousEventId ?? 0);
  }
  return { attempt };
}

/** Each type of event has its details in a field of its own. */
export function detailsOf(event: HistoryEvent): Details {
  const [, details] =
    Object.entries(event).find(([field]) => field.endsWith('EventDetails')) ??
    [];
  return (details as Details | undefined) ?? {};
}

/** Always an object: data may be missing or another value. */
const toObject = (json: string | undefined): object => Object(parseJson(json));
