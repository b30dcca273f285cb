import { visible } from '../../shared/errors/text.ts';

/**
 * A document as the AWS CLI prints it with `--output text`: rows with tabs between
 * values, keys in alphabetical order, and nested objects and lists as rows of their own
 * that begin with their key in upper case. Each row ends with a line break; an empty
 * list has no row. Characters that could break a row are escaped.
 *
 * @see https://github.com/aws/aws-cli/blob/develop/awscli/text.py
 */
export function textRows(
  value: unknown,
  key?: string,
  columns?: string[],
): string {
  if (Array.isArray(value)) return listRows(value, key);
  if (isComposite(value)) return objectRows(value, key, columns);
  return row([cell(value)]);
}

function listRows(list: readonly unknown[], key?: string): string {
  if (list.length === 0) return '';
  if (list.some((each) => isComposite(each) && !Array.isArray(each))) {
    const columns = scalarKeys(list);
    return list.map((each) => textRows(each, key, columns)).join('');
  }
  const scalars = list.filter((each) => !isComposite(each));
  const nested = list.filter(isComposite);
  return [
    scalars.length > 0 ? scalarRows(scalars, key) : '',
    ...nested.map((each) => textRows(each, key)),
  ].join('');
}

function scalarRows(scalars: readonly unknown[], key?: string): string {
  if (key === undefined) return row(scalars.map(cell));
  return scalars.map((each) => row([head(key), cell(each)])).join('');
}

/** @param columns the scalar keys of all objects of a list, of which this is one */
function objectRows(object: object, key?: string, columns?: string[]): string {
  const fields = new Map<string, unknown>(Object.entries(object));
  const scalars = columns ?? scalarKeys([object]);
  const nested = [...fields.keys()].filter((name) => !scalars.includes(name));
  const cells = scalars.map((name) => cell(fields.get(name)));
  return [
    cells.length > 0
      ? row(key === undefined ? cells : [head(key), ...cells])
      : '',
    ...nested.toSorted().map((name) => textRows(fields.get(name), name)),
  ].join('');
}

function scalarKeys(list: readonly unknown[]): string[] {
  const keys = list
    .filter((each) => isComposite(each) && !Array.isArray(each))
    .flatMap((each) => Object.entries(each as object))
    .flatMap(([name, value]) => (isComposite(value) ? [] : [name]));
  return [...new Set(keys)].toSorted();
}

const isComposite = (value: unknown): value is object =>
  typeof value === 'object' && value !== null;

const row = (cells: readonly string[]) => `${cells.join('\t')}\n`;

const head = (key: string) => visible(key.toUpperCase());

/** As Python spells it; empty for a field that the object does not have. */
function cell(value: unknown): string {
  if (value === undefined) return '';
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return visible(typeof value === 'string' ? value : JSON.stringify(value));
}
