/** A command cannot be carried out; the message is a line for people. */
export class CommandError extends Error {
  override name = 'CommandError';
}
