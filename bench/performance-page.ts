/**
 * Measures all sections, and writes their tables into docs/performance.md and
 * their plots beside it. With a file that `npm run bench -- --output json`
 * printed, it measures nothing: `npm run bench:docs -- results.json`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import type { Plot, Table } from './section.ts';
import { SECTIONS } from './sections.ts';
import { svgPlot } from './support/svg-plot.ts';

const PAGE = 'docs/performance.md';

const begin = (name: string) => `<!-- ${name}: begin (npm run bench:docs) -->`;
const end = (name: string) => `<!-- ${name}: end -->`;

const line = (cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function markdown({ title, head, rows }: Table): string {
  const rule = `|${head.map(() => '---').join('|')}|`;
  return [`${title}:\n`, line(head), rule, ...rows.map(line)].join('\n');
}

const plotFile = (name: string) => `performance-${name}.svg`;

/** Replaces the content between the marks of a part of the page. */
export function replacePart(
  page: string,
  name: string,
  content: string,
): string {
  const [before, rest] = page.split(begin(name));
  const after = rest?.split(end(name))[1];
  if (before === undefined || after === undefined) {
    throw new Error(`${PAGE} has no marks for ${name}`);
  }
  return `${before}${begin(name)}\n\n${content}\n\n${end(name)}${after}`;
}

/** The content between the marks of a section. */
export function sectionPart(
  name: string,
  tables: readonly Table[],
  plot: Plot,
): string {
  const picture = `![${plot.title}](${plotFile(name)})`;
  return [picture, ...tables.map(markdown)].join('\n\n');
}

async function main(file: string | undefined): Promise<void> {
  let page = await readFile(PAGE, 'utf8');
  const results = file && JSON.parse(await readFile(file, 'utf8'));
  for (const { name, measure, tables, plot } of SECTIONS) {
    const data = results ? results[name] : await measure();
    if (data === undefined) continue;
    const part = sectionPart(name, tables(data), plot(data));
    page = replacePart(page, name, part);
    await writeFile(`docs/${plotFile(name)}`, svgPlot(plot(data)));
  }
  const [{ model } = { model: 'unknown' }] = cpus();
  page = replacePart(
    page,
    'machine',
    `Node.js ${process.version.slice(1)} on ${process.platform}, ${availableParallelism()} processors (${model.trim()}).`,
  );
  await writeFile(PAGE, page);
}

if (import.meta.main) await main(process.argv[2]);
