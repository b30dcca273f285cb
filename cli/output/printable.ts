/** Red, green, and neither, as in color.ts. */
const COLOURS = ['\u001b[31m', '\u001b[32m', '\u001b[39m'];

/**
 * What a terminal may be given: lines stay lines, red and green stay what they
 * are, and whatever else cannot be seen is escapeCharacter as in JSON, so that JSON
 * stays JSON.
 */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replace(
      /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
      (character, at: number, whole: string) =>
        COLOURS.some((colour) => whole.startsWith(colour, at))
          ? character
          : escapeCharacter(character),
    );
}

function escapeCharacter(character: string): string {
  return character
    .split('')
    .map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'))
    .map((hex) => `\\u${hex}`)
    .join('');
}
