import { relative, resolve } from 'node:path';

/** npm runs scripts in the package's folder, and leaves the person's own here. */
const personsFolder = () => process.env.INIT_CWD || process.cwd();

/** The absolute path of a file that a person names. */
export const givenPath = (file: string) => resolve(personsFolder(), file);

/** As people gave it: relative for a file below the current folder. */
export function shownPath(path: string): string {
  const name = relative(personsFolder(), path);
  return name === '' || name.startsWith('..') ? path : name;
}
