import * as v from 'valibot';
import { quote } from '../errors/text.ts';

/** A string; `expected` says of what. */
export const text = (field: string, expected: string) =>
  v.string(
    (issue) =>
      `${field} ${quote(issue.input)} is not a string; expected ${expected}`,
  );

/** One of the options. */
export const choice = <const T extends readonly string[]>(
  field: string,
  options: T,
) =>
  v.picklist(
    options,
    (issue) =>
      `${field} ${quote(issue.input)} is not one of ${options.join(', ')}`,
  );

/** A whole number within bounds, which are allowed. */
export const wholeNumber = (field: string, least: number, most: number) =>
  v.custom<number>(
    (value) =>
      Number.isInteger(value) &&
      Number(value) >= least &&
      Number(value) <= most,
    (issue) =>
      `${field} ${quote(issue.input)} is not a whole number from ${least} to ${most}`,
  );

/**
 * What is wrong with an object: not one, a field that is missing, or one that is not
 * among the known. A probe's content stays out of the message, which is logged.
 */
export function objectMessage(
  field: string,
  issue: v.StrictObjectIssue | v.LooseObjectIssue,
  known: readonly string[] = [],
): string {
  const key = String(issue.path?.[0]?.key ?? '');
  if (issue.expected === 'never') {
    const name = field === '' ? key : `${field}.${key}`;
    return `${quote(name)} is not a field of a request; known are ${known.join(', ')}`;
  }
  if (issue.path !== undefined) return `${field}.${key} is missing`;
  const value = field === 'Probe' ? '' : ` ${quote(issue.input)}`;
  return `${field}${value} is not an object`;
}
