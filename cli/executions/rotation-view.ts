import { readStateMachine } from '../../local/runner/state-machine.ts';
import { outcomeText } from '../output/outcome-text.ts';
import { Progress } from '../output/progress.ts';
import type { WaitState } from '../output/wait-end.ts';
import { executionEvents } from './events.ts';
import type { Where } from './next-command.ts';
import { executionOutcome } from './outcome.ts';
import type { ExecutionView } from './view.ts';

/** Shows a rotation on AWS as one that runs here is shown. */
export async function rotationView(where: Where): Promise<ExecutionView> {
  const { States } = await readStateMachine();
  const progress = new Progress({
    stream: process.stderr,
    states: States as Record<string, WaitState>,
  });
  let shown = 0;
  return {
    show: (history) => {
      for (const event of executionEvents(history)) {
        if (event.id > shown) progress.show(event);
      }
      shown = history.at(-1)?.id ?? 0;
    },
    say: (message) => progress.say(message),
    end: () => progress.end(),
    conclude: (executionArn, history) => {
      const outcome = executionOutcome(executionArn, history);
      return { outcome, text: outcomeText(outcome, where) };
    },
  };
}
