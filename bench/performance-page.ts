/**
 * Measures everything, and puts what comes out into docs/performance.md and the
 * plots beside it. With a file that `npm run bench -- --output json` printed it
 * measures nothing: `npm run bench:docs -- results.json`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import type { Table } from './section.ts';
import { type Measured, measured, shown } from './sections.ts';
import { svgPlot } from './support/svg-plot.ts';

const PAGE = 'docs/performance.md';

const begin = (name: string) => `<!-- ${name}: begin (npm run bench:docs) -->`;
const end = (name: string) => `<!-- ${name}: end -->`;

const line = (cells: readonly string[]) =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

function markdown({ Title, Head, Rows }: Table): string {
  const rule = `|${Head.map(() => '---').join('|')}|`;
  return [`${Title}:\n`, line(Head), rule, ...Rows.map(line)].join('\n');
}

const plotFile = (name: string) => `performance-${name}.svg`;

/** The page with other contents between the marks of a part of it. */
export function withPart(page: string, name: string, content: string): string {
  const [before, rest] = page.split(begin(name));
  const after = rest?.split(end(name))[1];
  if (before === undefined || after === undefined) {
    throw new Error(`${PAGE} has no marks for ${name}`);
  }
  return `${before}${begin(name)}\n\n${content}\n\n${end(name)}${after}`;
}

/** What is between the marks of a section. */
export function sectionPart({ Name, Tables, Plot }: Measured): string {
  const picture = `![${Plot.Title}](${plotFile(Name)})`;
  return [picture, ...Tables.map(markdown)].join('\n\n');
}

async function main(results: string | undefined): Promise<void> {
  let page = await readFile(PAGE, 'utf8');
  const sections = results
    ? shown(JSON.parse(await readFile(results, 'utf8')))
    : measured();
  for await (const section of sections) {
    page = withPart(page, section.Name, sectionPart(section));
    await writeFile(`docs/${plotFile(section.Name)}`, svgPlot(section.Plot));
  }
  const [{ model } = { model: 'unknown' }] = cpus();
  page = withPart(
    page,
    'machine',
    `Node.js ${process.version.slice(1)} on ${process.platform}, ${availableParallelism()} processors (${model.trim()}).`,
  );
  await writeFile(PAGE, page);
}

if (import.meta.main) await main(process.argv[2]);
