import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { bundlesIn } from '../../stack/bundling/bundles.ts';
import { buildFunction } from '../../stack/bundling/function-build.ts';
import { sourceFile } from '../../stack/names.ts';
import { BUDGETS } from '../budgets.ts';
import type { Section } from '../section.ts';
import { packagesIn } from '../support/packages-in.ts';
import { median, verdict } from '../support/statistics.ts';

/** Imports of each, every one in a new process. */
const ROUNDS = 7;
const TOP = 12;

interface FunctionStart {
  Function: string;
  Bytes: number;
  /** Medians, in milliseconds: the bundle, and the sources it is made of. */
  ImportMs: number;
  SourcesMs: number;
  /** Bytes by package, most first. */
  Packages: [string, number][];
}

interface ColdStart {
  Functions: FunctionStart[];
}

const IMPORT = `
const start = performance.now();
await import(process.argv[1]);
process.stdout.write(String(performance.now() - start));
`;

async function importMs(path: string): Promise<number> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', IMPORT, path],
    { env: { ...process.env, AWS_REGION: 'us-east-1' } },
  );
  return Number(stdout);
}

async function measure(): Promise<ColdStart> {
  await promisify(execFile)('serverless', ['package']);
  const directory = await mkdtemp(join(tmpdir(), 'bundles-'));
  const Functions: FunctionStart[] = [];
  for (const { name, code } of await bundlesIn('.serverless')) {
    const path = join(directory, `${name}.mjs`);
    await writeFile(path, code);
    const built = await buildFunction(sourceFile(name));
    if (built.code.length !== code.length) {
      throw new Error(`${name} is packaged otherwise than esbuild builds it`);
    }
    const times: [number, number][] = [];
    for (let round = 0; round < ROUNDS; round++) {
      times.push([
        await importMs(path),
        await importMs(resolve(sourceFile(name))),
      ]);
    }
    Functions.push({
      Function: name,
      Bytes: code.length,
      ImportMs: median(times.map(([bundle]) => bundle)),
      SourcesMs: median(times.map(([, sources]) => sources)),
      Packages: packagesIn(built),
    });
  }
  await rm(directory, { recursive: true });
  return { Functions };
}

const kilobytes = (bytes: number) => (bytes / 1000).toFixed(1);

/** Where the bytes of all bundles come from, most first. */
function contributors(functions: readonly FunctionStart[]) {
  const bytes = new Map<string, number[]>();
  for (const { Packages } of functions) {
    for (const [name, count] of Packages) {
      bytes.set(name, [...(bytes.get(name) ?? []), count]);
    }
  }
  return [...bytes]
    .map(([name, counts]) => ({
      name,
      bundles: counts.length,
      most: Math.max(...counts),
    }))
    .sort((a, b) => b.most - a.most);
}

export const COLD_START: Section<ColdStart> = {
  Name: 'cold-start',
  Title: 'Cold start',
  measure,
  tables: ({ Functions }) => [
    {
      Title: `Bundles, imported in new processes (medians of ${ROUNDS})`,
      Head: [
        'function',
        'KB',
        `at most ${BUDGETS.BundleBytes / 1000}`,
        'import, ms',
        `at most ${BUDGETS.ImportMs}`,
        'x import of its sources',
        'most of it',
      ],
      Rows: Functions.map((each) => [
        each.Function,
        kilobytes(each.Bytes),
        verdict(each.Bytes <= BUDGETS.BundleBytes),
        each.ImportMs.toFixed(0),
        verdict(each.ImportMs <= BUDGETS.ImportMs),
        (each.ImportMs / each.SourcesMs).toFixed(2),
        each.Packages.slice(0, 3)
          .map(([name, bytes]) => `${name} ${kilobytes(bytes)}`)
          .join(', '),
      ]),
    },
    {
      Title: 'What is in them',
      Head: ['package', 'bundles', 'KB at most'],
      Rows: contributors(Functions)
        .slice(0, TOP)
        .map(({ name, bundles, most }) => [
          name,
          String(bundles),
          kilobytes(most),
        ]),
    },
  ],
  plot: ({ Functions }) => ({
    Title: 'Size of each bundle',
    Kind: 'bars',
    X: Functions.map((each) => each.Function),
    XLabel: '',
    YLabel: 'KB',
    Series: [
      { Name: 'KB', Values: Functions.map(({ Bytes }) => Bytes / 1000) },
    ],
    Mark: { Value: BUDGETS.BundleBytes / 1000, Name: 'target' },
  }),
};
