/**
 * Holds the line coverage of every folder to its threshold, in `npm run coverage`. Lines
 * that only child processes run count too. They run the sources as they are, since
 * Node.js replaces types by spaces, so offsets in V8's coverage are offsets in the file.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Per cent of the lines with statements. */
const THRESHOLDS: Record<string, number> = {
  cli: 95,
  functions: 97,
  local: 95,
  shared: 98,
  stack: 80,
};

const COVERAGE = 'coverage/coverage-final.json';
/** Where test/support/cli/command-line.ts lets child processes write. */
const CHILDREN = 'coverage/children';

/** Istanbul's coverage of a file, as far as it is needed here. */
interface FileCoverage {
  path: string;
  statementMap: Record<string, { start: { line: number; column: number } }>;
  s: Record<string, number>;
}

/** V8's coverage of a script. */
interface ScriptCoverage {
  url: string;
  functions: {
    ranges: { startOffset: number; endOffset: number; count: number }[];
  }[];
}

/** Whether a script ran at an offset, by the innermost range there. */
export function ranAt({ functions }: ScriptCoverage, offset: number): boolean {
  const around = functions
    .flatMap(({ ranges }) => ranges)
    .filter((range) => range.startOffset <= offset && offset < range.endOffset)
    .toSorted((a, b) => width(a) - width(b));
  return (around[0]?.count ?? 0) > 0;
}

const width = (range: { startOffset: number; endOffset: number }) =>
  range.endOffset - range.startOffset;

/** The lines of a file with statements, and those of them that ran. */
export function linesOf(
  { statementMap, s }: FileCoverage,
  source: string,
  children: readonly ScriptCoverage[],
): { all: number; ran: number } {
  const lineOffsets = [0];
  for (const { index } of source.matchAll(/\n/g)) lineOffsets.push(index + 1);
  const lines = new Map<number, boolean>();
  for (const [id, { start }] of Object.entries(statementMap)) {
    const offset = (lineOffsets[start.line - 1] ?? 0) + start.column;
    const ran =
      (s[id] ?? 0) > 0 || children.some((script) => ranAt(script, offset));
    lines.set(start.line, lines.get(start.line) === true || ran);
  }
  const ran = [...lines.values()].filter(Boolean).length;
  return { all: lines.size, ran };
}

async function readChildren(): Promise<Map<string, ScriptCoverage[]>> {
  const scripts = new Map<string, ScriptCoverage[]>();
  for (const file of await readdir(CHILDREN)) {
    const text = await readFile(join(CHILDREN, file), 'utf8');
    const { result } = JSON.parse(text) as { result: ScriptCoverage[] };
    for (const script of result) {
      if (!script.url.startsWith('file:')) continue;
      const path = fileURLToPath(script.url);
      scripts.set(path, [...(scripts.get(path) ?? []), script]);
    }
  }
  return scripts;
}

async function main(): Promise<void> {
  const files: FileCoverage[] = Object.values(
    JSON.parse(await readFile(COVERAGE, 'utf8')),
  );
  const children = await readChildren();
  const folders = new Map<string, { all: number; ran: number }>();
  for (const file of files) {
    const source = await readFile(file.path, 'utf8');
    const { all, ran } = linesOf(file, source, children.get(file.path) ?? []);
    const [folder = ''] = relative(process.cwd(), file.path).split('/');
    const sum = folders.get(folder) ?? { all: 0, ran: 0 };
    folders.set(folder, { all: sum.all + all, ran: sum.ran + ran });
  }
  for (const [folder, threshold] of Object.entries(THRESHOLDS)) {
    const { all, ran } = folders.get(folder) ?? { all: 0, ran: 0 };
    const percent = (100 * ran) / all;
    const isMet = percent >= threshold;
    process.stdout.write(
      `${folder.padEnd(10)} ${percent.toFixed(1)} % of ${all} lines, at least ${threshold} %${isMet ? '' : ': MISSED'}\n`,
    );
    if (!isMet) process.exitCode = 1;
  }
}

if (import.meta.main) await main();
