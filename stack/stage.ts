import { quote } from '../shared/errors/text.ts';

const STAGE = /^[a-zA-Z][a-zA-Z0-9-]{0,19}$/;

/**
 * A stage is part of the names of functions, which have 64 characters.
 *
 * @throws {Error} naming the stage
 */
export function checkStage(stage: string): void {
  if (STAGE.test(stage)) return;
  throw new Error(
    `--stage ${quote(stage)} is not a stage; expected a letter, then at most 19 letters, digits or hyphens`,
  );
}
