import { PortInUseError } from '../../local/session/embedded-aws.ts';
import { UserError } from '../../shared/errors/errors.ts';
import { legible } from '../../shared/errors/text.ts';
import { CommandError } from './command-error.ts';
import { awsProblem } from './explain-aws.ts';

/** Explains in a line for people why a command cannot be carried out. */
export function explain(error: unknown): {
  line: string;
  /** Whether the input is wrong, as opposed to a failure on the way. */
  isWrongInput: boolean;
} {
  const { name, message } = error as Error;
  const problem = error instanceof CommandError ? message : awsProblem(error);
  const advice =
    error instanceof PortInUseError
      ? `; give another one with --${error.service.toLowerCase()}-port`
      : '';
  return {
    line: legible(problem ?? `${name}: ${message}${advice}`),
    isWrongInput: error instanceof UserError && error.isWrongInput,
  };
}
