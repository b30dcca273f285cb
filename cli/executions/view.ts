import type { RecordedEvent } from './events.ts';

/** How an execution on AWS is shown while it is followed. */
export interface ExecutionView {
  /** Shows the new part of a history; takes the whole history, in order. */
  show: (history: readonly RecordedEvent[]) => void;
  /** Shows a message that is not an event. */
  say: (message: string) => void;
  /** Removes what moves on the terminal. */
  end: () => void;
  /** The outcome of an execution that has ended, and its text for people. */
  conclude: (
    executionArn: string,
    history: readonly RecordedEvent[],
  ) => { outcome: { Status: string }; text: string };
}
