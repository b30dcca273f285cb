/**
 * Writes the table of request fields into docs/request.md:
 * `npm run request-fields`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { REQUEST_FIELD_TEXTS } from '../shared/contract/request-fields.ts';

const HEAD = '| field | meaning |\n|---|---|\n';
/** The first table of the page. */
const TABLE = /\| field \| meaning \|\n\|---\|---\|\n(?:\|.*\n)+/;
const PAGE = 'docs/request.md';

/** Replaces the table of request fields of a page. */
export function withRequestFields(page: string): string {
  const rows = Object.entries(REQUEST_FIELD_TEXTS).map(
    ([field, { meaning }]) => `| \`${field}\` | ${meaning} |\n`,
  );
  return page.replace(TABLE, () => HEAD + rows.join(''));
}

if (import.meta.main) {
  await writeFile(PAGE, withRequestFields(await readFile(PAGE, 'utf8')));
}
