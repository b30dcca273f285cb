import { legible } from '../errors/text.ts';

/** SNS takes 100 characters of printable ASCII. */
const MAX_SUBJECT = 100;

export type Fact = [name: string, value: string];

/** The subject of a mail, by its title. */
export const toSubject = (title: string): string =>
  title.replace(/[^ -~]/g, '?').slice(0, MAX_SUBJECT);

/** The text of a mail: title, text, facts, and the next steps. */
export function mail(
  title: string,
  text: string,
  facts: Fact[],
  steps: string[],
): string {
  const rows = facts.map(([name, value]) => `${name.padEnd(14)} ${value}`);
  const next = steps.map((step, at) => `${at + 1}. ${step}`);
  return [
    title,
    ...(text ? ['', text] : []),
    '',
    ...rows,
    ...(next.length > 0 ? ['', 'Next:', ...next] : []),
    '',
  ].join('\n');
}

/** One visible line of at most this number of characters. */
export function cut(text: string, most: number): string {
  const line = legible(text);
  return line.length > most
    ? `${line.slice(0, most - 3).toWellFormed()}...`
    : line;
}

/**
 * A text that chat shows as it is: no mention of a channel, no link. The platforms
 * read these three characters as entities.
 */
export function markdown(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
