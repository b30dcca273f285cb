import type { HistoryEvent } from '@aws-sdk/client-sfn';

/** How an execution on AWS is shown while it is followed. */
export interface ExecutionView {
  /** Shows what is new in a history; told the whole of it, in its order. */
  show: (history: readonly HistoryEvent[]) => void;
  /** Something to say that is no event. */
  say: (message: string) => void;
  /** Takes away what moves. */
  end: () => void;
  /** The outcome of an execution that has ended, and the same for people. */
  conclude: (
    executionArn: string,
    history: readonly HistoryEvent[],
  ) => { outcome: { Status: string }; text: string };
}
