import type { ExecutionEvent } from '../../../local/runner/state-machine.ts';

/** The states that were entered, in order. */
export function recordStates() {
  const states: string[] = [];
  return {
    states,
    onEvent: (event: ExecutionEvent) => {
      if (event.type === 'StateEntered') states.push(event.state?.name ?? '');
    },
  };
}
