import { ServiceException } from '@smithy/core/client';
import { PortInUseError } from '../../local/session/embedded-aws.ts';
import { UserError } from '../../shared/errors/errors.ts';
import { legible } from '../../shared/errors/text.ts';
import { CommandError, CouldNotAskError } from './command-error.ts';
import { awsProblem } from './explain-aws.ts';

/**
 * Why a command has no result: its input is wrong, AWS or the embedded AWS could not
 * be asked, or it failed in another way.
 */
export type ErrorKind = 'WRONG_INPUT' | 'COULD_NOT_ASK' | 'FAILED';

/** Explains in a line for people why a command cannot be carried out. */
export function explain(error: unknown): { line: string; kind: ErrorKind } {
  const { name, message } = error as Error;
  const isPlain =
    error instanceof CommandError || error instanceof CouldNotAskError;
  const problem = awsProblem(error);
  const advice =
    error instanceof PortInUseError
      ? `; give another one with --${error.service.toLowerCase()}-port`
      : '';
  return {
    line: legible(
      isPlain ? message : (problem ?? `${name}: ${message}${advice}`),
    ),
    kind: kindOf(error, problem !== undefined),
  };
}

/** Expected errors, apart from wrong input, are those of asking. */
function kindOf(error: unknown, isAwsProblem: boolean): ErrorKind {
  if (error instanceof CommandError) return 'FAILED';
  if (error instanceof UserError && error.isWrongInput) return 'WRONG_INPUT';
  const isExpected =
    isAwsProblem ||
    error instanceof ServiceException ||
    (error instanceof UserError && error.name !== 'InternalError');
  return isExpected ? 'COULD_NOT_ASK' : 'FAILED';
}
