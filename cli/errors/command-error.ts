import { UserError } from '../../shared/errors/errors.ts';

/** A command cannot be carried out; people see the message without a name. */
export class CommandError extends UserError {
  override name = 'CommandError';
}
