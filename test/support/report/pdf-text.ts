import { inflateSync } from 'node:zlib';

/**
 * Reads the text of each page of a PDF that Chromium wrote, in the order of its
 * drawing. Text in the patterns of charts is left out.
 */
export function pdfText(pdf: Buffer): string[] {
  const objects = readObjects(pdf.toString('latin1'));
  const fonts = new Map<string, Map<string, string>>();
  const charactersOf = (id: string): Map<string, string> => {
    const known = fonts.get(id);
    if (known) return known;
    const toUnicode = /\/ToUnicode (\d+) 0 R/.exec(objects.get(id) ?? '')?.[1];
    const characters = readCharacters(contentOf(objects.get(toUnicode ?? '')));
    fonts.set(id, characters);
    return characters;
  };
  return [...objects.values()]
    .filter((object) => object.startsWith('<</Type /Page\n'))
    .map((page) => {
      const names = new Map(
        Array.from(page.matchAll(/\/(F\d+) (\d+) 0 R/g), ([, name, id]) => [
          name,
          id,
        ]),
      );
      const contents = /\/Contents (\d+) 0 R/.exec(page)?.[1];
      const drawing = contentOf(objects.get(contents ?? ''));
      let characters = new Map<string, string>();
      let text = '';
      for (const [, font, codes = ''] of drawing.matchAll(
        /\/(F\d+) [\d.]+ Tf|<([\dA-F]+)> Tj/g,
      )) {
        if (font) characters = charactersOf(names.get(font) ?? '');
        text += decode(codes, characters);
      }
      return text;
    });
}

/** By their numbers. */
function readObjects(pdf: string): Map<string, string> {
  const objects = pdf.matchAll(/(?<=^|\n)(\d+) 0 obj\n(.*?)\nendobj\n/gs);
  return new Map(Array.from(objects, ([, id = '', body = '']) => [id, body]));
}

function contentOf(object = ''): string {
  const [dictionary = '', stream = ''] = object.split(/stream\r?\n(.*)/s);
  if (!dictionary.includes('/FlateDecode')) return stream;
  return inflateSync(Buffer.from(stream, 'latin1')).toString('latin1');
}

/** The characters of a font, by the hexadecimal codes of its glyphs. */
function readCharacters(map: string): Map<string, string> {
  const characters = new Map<string, string>();
  const set = (code: number, digits: number, character: number) =>
    characters.set(
      code.toString(16).toUpperCase().padStart(digits, '0'),
      String.fromCodePoint(character),
    );
  for (const [, from = '', to, first = ''] of map.matchAll(
    /<(\w+)> (?:<(\w+)> )?<(\w+)>\n/g,
  )) {
    const start = Number.parseInt(from, 16);
    const end = Number.parseInt(to ?? from, 16);
    for (let code = start; code <= end; code++) {
      const character = Number.parseInt(first, 16) + code - start;
      set(code, from.length, character);
    }
  }
  return characters;
}

function decode(codes: string, characters: Map<string, string>): string {
  const digits = [...characters.keys()][0]?.length ?? 4;
  let text = '';
  for (let at = 0; at < codes.length; at += digits) {
    text += characters.get(codes.slice(at, at + digits)) ?? '';
  }
  return text;
}
