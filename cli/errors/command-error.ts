import { UserError } from '../../shared/errors/errors.ts';

/** A command cannot be carried out; people see the message without a name. */
export class CommandError extends UserError {
  override name = 'CommandError';
}

/**
 * AWS or the embedded AWS cannot be asked for what a command needs; people see the
 * message without a name.
 */
export class CouldNotAskError extends UserError {
  override name = 'CouldNotAskError';
}
