import { readFile } from 'node:fs/promises';

const DESCRIBE = /^describe(?:\.\w+)*\(\s*(['"`])(?<title>.*?)\1,/gm;
/** Also behind a table of it.each, which ends in a line of its own. */
const IT =
  /^ {2}(?:it(?:\.\w+)*(?:<.*>)?(?:\(.*\))?|\].*\))\(\s*(['"`])(?<title>.*?)\1,/gm;

/**
 * The tests of a file as they are written there, `<describe> > <it>`, without
 * running it: one of it.each has its placeholders.
 */
export async function testTitles(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8');
  const suites = [...text.matchAll(DESCRIBE)];
  return [...text.matchAll(IT)].map(({ index, groups }) => {
    const suite = suites.findLast((one) => one.index < index);
    return `${suite?.groups?.title} > ${groups?.title}`;
  });
}
