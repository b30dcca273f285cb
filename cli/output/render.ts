import type { JSONValue } from '@jmespath-community/jmespath';
import { getBorderCharacters, table } from 'table';
import { stringify } from 'yaml';
import { legible, visible } from '../../shared/errors/text.ts';
import type { OutputFormat } from '../input/flags.ts';
import { search } from '../input/query.ts';
import { printable } from './printable.ts';
import { fitColumns, terminalWidth } from './table.ts';
import { textRows } from './text-rows.ts';

/** How a command prints its result, as in the AWS CLI. */
export interface OutputOptions {
  output?: OutputFormat;
  /** A JMESPath expression over the result's JSON. */
  query?: string;
}

type Row = Record<string, unknown>;

/**
 * A result in the format of the flags, up to its last line break. Nothing for an empty
 * list as rows of text. Times in documents are ISO 8601 in UTC.
 *
 * @param people the result in lines for people, the format without flags
 */
export function render(
  result: unknown,
  { output, query }: OutputOptions,
  people: () => string,
): string {
  if (query === undefined && (output ?? 'text') === 'text') {
    return `${printable(people())}\n`;
  }
  const document = JSON.parse(JSON.stringify(result)) as JSONValue;
  const picked = query === undefined ? document : pick(document, query);
  switch (output) {
    case 'yaml':
      return `${printable(stringify(picked).trimEnd())}\n`;
    case 'table':
      return `${tableOf(picked)}\n`;
    case 'text':
      return textRows(picked);
    default:
      return `${printable(JSON.stringify(picked, null, 4))}\n`;
  }
}

/** The whole document where the expression does not fit it: what was done is shown. */
function pick(document: JSONValue, query: string): unknown {
  try {
    return search(document, query);
  } catch (error) {
    process.stderr.write(
      `--query does not fit the result, which follows as a whole: ${legible((error as Error).message)}\n`,
    );
    return document;
  }
}

/** A wide list becomes a table for each of its elements, in which values wrap. */
function tableOf(value: unknown, width = terminalWidth()): string {
  const rows = rowsOf(value);
  if (rows.length === 0) return '';
  const isList = Array.isArray(value);
  const columns = fitColumns(rows, width, 3 * (rows[0]?.length ?? 0) + 1);
  const isTooWide = columns.some((column) => column.width !== undefined);
  if (isList && isTooWide && value.some(isComposite)) {
    return value.map((each) => tableOf(each, width)).join('\n');
  }
  return table(rows, {
    border: getBorderCharacters('norc'),
    columns,
    drawHorizontalLine: (at, size) =>
      at === 0 || at === size || (at === 1 && isList),
  }).trimEnd();
}

function rowsOf(value: unknown): string[][] {
  if (Array.isArray(value)) {
    const flats = value.map(
      (each): Row => (isComposite(each) ? flat(each) : { '': each }),
    );
    const columns = [...new Set(flats.flatMap((each) => Object.keys(each)))];
    if (columns.length === 0) return [];
    const body = flats.map((each) =>
      columns.map((column) => cell(each[column])),
    );
    return [columns, ...body];
  }
  if (!isComposite(value)) return [[cell(value)]];
  return Object.entries(flat(value)).map(([name, each]) => [name, cell(each)]);
}

/** Nested fields by their path, as `Quota.Used`. */
function flat(value: object, path = ''): Row {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, each]) =>
      isComposite(each) && Object.keys(each).length > 0
        ? Object.entries(flat(each, `${path}${name}.`))
        : [[`${path}${name}`, each]],
    ),
  );
}

const isComposite = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

/** What could break a line, a column or a terminal is escaped. */
function cell(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return visible(text);
}
