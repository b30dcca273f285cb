/** Characters that can forge a line or control a terminal. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** More than any message of ours, and far less than Step Functions accepts. */
const MAX_MESSAGE = 4096;

/**
 * Makes a text from outside safe to show to people: one line of at most 4,096
 * characters, all of them visible. AWS quotes in its messages what it received.
 */
export function legible(text: string): string {
  const line = text
    .slice(0, MAX_MESSAGE)
    .replace(/[\t\n\v\f\r]+/g, ' ')
    .replace(INVISIBLE, escapeCharacter)
    .toWellFormed();
  return text.length > MAX_MESSAGE || line.length > MAX_MESSAGE
    ? `${line.slice(0, MAX_MESSAGE - 3).toWellFormed()}...`
    : line;
}

/** Escapes the characters of a text that are hidden, or that hide others. */
export function visible(text: string): string {
  return text.toWellFormed().replace(INVISIBLE, escapeCharacter);
}

/** Quotes a value for a message: escaped JSON of at most 160 characters. */
export function quote(value: unknown): string {
  const text = visible(toJson(value));
  return text.length > 160 ? `${text.slice(0, 157).toWellFormed()}...` : text;
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return `(a ${typeof value} that JSON cannot show)`;
  }
}

function escapeCharacter(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}
