import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { readRotationsFile } from '../../shared/config/rotations-file.ts';
import { bundlesIn } from '../../stack/bundling/archives.ts';
import {
  type BuiltFunction,
  buildFunctions,
} from '../../stack/bundling/function-build.ts';
import { insertBoundaries } from '../../stack/bundling/insert-boundaries.ts';
import { sourceFile } from '../../stack/names.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, verdict } from '../section.ts';
import {
  type FirstCalls,
  firstCallTables,
  measureFirstCalls,
} from '../subjects/first-calls.ts';
import { median } from '../support/statistics.ts';

/** Imports of each bundle, every one in a new process. */
const ROUNDS = 7;
/** Rows of the table of packages. */
const TOP = 12;

interface FunctionStart {
  name: string;
  bytes: number;
  /** Medians, in milliseconds: of the bundle, and of its sources. */
  importMs: number;
  sourcesMs: number;
  /** Bytes by package, most first. */
  packages: [string, number][];
}

interface ColdStart {
  functions: FunctionStart[];
  firstCalls: FirstCalls;
}

const LOAD = `
const start = performance.now();
require(process.argv[1]);
process.stdout.write(String(performance.now() - start));
`;

async function importMs(path: string): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=commonjs', '--eval', LOAD, path],
    { env: { ...process.env, AWS_REGION: 'us-east-1' } },
  );
  return Number(stdout);
}

/** The bytes of a bundle by the package that they come from, most first. */
export function bytesByPackage({ inputs }: BuiltFunction): [string, number][] {
  const bytes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const [, inModules] = path.split(/.*node_modules\//);
    const [, name = 'this project'] =
      inModules?.match(/^((?:@[^/]+\/)?[^/]+)/) ?? [];
    bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
  return [...bytes].sort(([, a], [, b]) => b - a);
}

/** The source of a function by its name, as serverless.yml has it. */
async function sourcesOfFunctions(): Promise<(name: string) => string> {
  const text = await readFile('serverless.yml', 'utf8');
  const { functions } = parse(text, { logLevel: 'silent' }) as {
    functions: Record<string, { handler: string }>;
  };
  return (name) => {
    const handler = functions[name]?.handler;
    if (handler === undefined) throw new Error(`${name} has no handler`);
    return sourceFile(handler);
  };
}

async function measure(): Promise<ColdStart> {
  await promisify(execFile)('npm', ['run', 'package']);
  const directory = await mkdtemp(join(tmpdir(), 'bundles-'));
  const functions: FunctionStart[] = [];
  const { Streams: entries } = await readRotationsFile('rotations.yml');
  const bundles = await bundlesIn('.serverless');
  const sourceOf = await sourcesOfFunctions();
  const builds = await buildFunctions(
    bundles.map(({ name }) => sourceOf(name)),
  );
  for (const { name, code } of bundles) {
    const path = join(directory, `${name}.cjs`);
    const source = resolve(sourceOf(name));
    await writeFile(path, code);
    const built = builds.get(sourceOf(name));
    const deployed = insertBoundaries(built?.code ?? '', entries);
    if (built === undefined || deployed !== Buffer.from(code).toString()) {
      throw new Error(`${name}: the package and esbuild differ`);
    }
    const bundle: number[] = [];
    const sources: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      bundle.push(await importMs(path));
      sources.push(await importMs(source));
    }
    functions.push({
      name,
      bytes: code.length,
      importMs: median(bundle),
      sourcesMs: median(sources),
      packages: bytesByPackage(built),
    });
  }
  const firstCalls = await measureFirstCalls(directory);
  await rm(directory, { recursive: true });
  return { functions, firstCalls };
}

const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);

/** The packages of all bundles, the largest first. */
function largestPackages({ functions }: ColdStart) {
  const packages = Map.groupBy(
    functions.flatMap((each) => each.packages),
    ([name]) => name,
  );
  return [...packages]
    .map(([name, parts]) => ({
      name,
      bundles: parts.length,
      most: Math.max(...parts.map(([, bytes]) => bytes)),
    }))
    .sort((a, b) => b.most - a.most)
    .slice(0, TOP);
}

export const COLD_START: Section<ColdStart> = {
  name: 'cold-start',
  title: 'Cold start',
  measure,
  tables: (data) => [
    ...firstCallTables(data.firstCalls),
    {
      title: `Bundles, imported in new processes (medians of ${ROUNDS})`,
      head: [
        'function',
        'KB',
        `at most ${BUDGETS.bundleBytes / 1000}`,
        'import, ms',
        `at most ${BUDGETS.importMs}`,
        'x import of its sources',
        'largest packages, KB',
      ],
      rows: data.functions.map((each) => [
        each.name,
        kilobytes(each.bytes),
        verdict(each.bytes <= BUDGETS.bundleBytes),
        each.importMs.toFixed(0),
        verdict(each.importMs <= BUDGETS.importMs),
        (each.importMs / each.sourcesMs).toFixed(2),
        each.packages
          .slice(0, 3)
          .map(([name, bytes]) => `${name} ${kilobytes(bytes)}`)
          .join(', '),
      ]),
    },
    {
      title: 'Packages in the bundles',
      head: ['package', 'bundles', 'KB at most'],
      rows: largestPackages(data).map(({ name, bundles, most }) => [
        name,
        String(bundles),
        kilobytes(most),
      ]),
    },
  ],
  plot: ({ functions }) => ({
    title: 'Size of each bundle',
    kind: 'bars',
    x: functions.map(({ name }) => name),
    xLabel: '',
    yLabel: 'KB',
    series: [
      { name: 'KB', values: functions.map(({ bytes }) => bytes / 1000) },
    ],
    mark: { value: BUDGETS.bundleBytes / 1000, name: 'target' },
  }),
};
