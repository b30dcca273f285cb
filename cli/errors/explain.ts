import { TemplateError } from '../../local/events/template.ts';
import { PortInUseError } from '../../local/session/embedded-aws.ts';
import { SettingError } from '../../local/session/local-aws.ts';
import { RotationsFileError } from '../../shared/config/rotations-file.ts';
import { legible } from '../../shared/errors/errors.ts';
import { CommandError } from './command-error.ts';
import { awsProblem } from './explain-aws.ts';

/** Why a command could not be carried out, in a line for people. */
export function explain(error: unknown): {
  line: string;
  /** Whether what was asked is wrong, rather than something on the way. */
  isWrongInput: boolean;
} {
  const { name, message } = error as Error;
  const isWrongInput =
    name === 'InvalidRequest' ||
    error instanceof RotationsFileError ||
    error instanceof SettingError ||
    error instanceof TemplateError;
  const problem = error instanceof CommandError ? message : awsProblem(error);
  const advice =
    error instanceof PortInUseError
      ? `; give another one with --${error.service.toLowerCase()}-port`
      : '';
  const line = problem ?? `${name}: ${message}${advice}`;
  return { line: legible(line), isWrongInput };
}
