import { styleText } from 'node:util';

/** What went well, in green where stdout is a terminal with colors. */
export function good(text: string): string {
  return styleText('green', text, { stream: process.stdout });
}

/** What needs a look, in yellow. */
export function doubtful(text: string): string {
  return styleText('yellow', text, { stream: process.stdout });
}

/** What did not, in red. */
export function bad(text: string): string {
  return styleText('red', text, { stream: process.stdout });
}
