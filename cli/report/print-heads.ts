import { visible } from '../../shared/errors/text.ts';
import type { ReportHeader } from './report-input.ts';
import { dateTime } from './time-text.ts';

/** The characters of one text that fit beside another at the edge of a sheet. */
const FITTING = 64;

/**
 * The rules that give every printed page its running heads and its number. Chromium
 * prints them from version 131 on.
 */
export function printHeads(header: ReportHeader): string {
  const { account, region, stage, from, to, generatedAt } = header;
  const texts = {
    'top-left': 'Encryption keys of Kinesis data streams',
    'top-right': `${account}, ${region}, ${stage}`,
    'bottom-left': `${dateTime(from)} to ${dateTime(to)}, generated ${dateTime(generatedAt)} UTC`,
  };
  const rules = Object.entries(texts).map(
    ([place, text]) => `@${place} { content: ${cssString(visible(text))}; }`,
  );
  const number = '"Page " counter(page) " of " counter(pages)';
  return `@page { ${rules.join(' ')} @bottom-right { content: ${number}; } }`;
}

/** A string of CSS; escapes every character that could end it, or the style. */
function cssString(text: string): string {
  const shown =
    text.length <= FITTING * 2 ? text : `${text.slice(0, FITTING * 2)}…`;
  const escaped = shown
    .toWellFormed()
    .replace(
      /[^A-Za-z0-9 .,:_-]/gu,
      (character) => `\\${character.codePointAt(0)?.toString(16)} `,
    );
  return `"${escaped}"`;
}
