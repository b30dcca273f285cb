/**
 * What a terminal may be given: lines stay lines, and whatever else cannot be
 * seen is escaped as in JSON, so that JSON stays JSON.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
      character
        .split('')
        .map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
        .map((hex) => `\\u${hex}`)
        .join(''),
    );
}
