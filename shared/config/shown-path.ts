import { relative } from 'node:path';

/** As people gave it: relative for a file below the current folder. */
export function shownPath(path: string): string {
  const name = relative('', path);
  return name === '' || name.startsWith('..') ? path : name;
}
