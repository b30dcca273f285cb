import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';

/** Biome holds the length of files, circles and directions of imports. */
const MAX_FILES = 14;
const FOLDERS =
  /^(?:bench|cli|functions|local|scripts|shared|stack|statemachines)\b/;

const FILES = execFileSync('git', ['ls-files'], { encoding: 'utf8' })
  .trim()
  .split('\n');

it(`no source folder has more than ${MAX_FILES} files`, () => {
  const counts = new Map<string, number>();
  for (const folder of FILES.map((path) => dirname(path))) {
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  const full = [...counts].filter(
    ([folder, count]) => FOLDERS.test(folder) && count > MAX_FILES,
  );
  expect(full).toEqual([]);
});

// git quotes the names that have other characters.
it('every file has a plain name', () => {
  expect(FILES.filter((path) => path.startsWith('"'))).toEqual([]);
});

it('every file under test/ is a test, or support', () => {
  const others = FILES.filter(
    (path) =>
      path.startsWith('test/') &&
      !path.startsWith('test/support/') &&
      !path.endsWith('.test.ts'),
  );
  expect(others).toEqual([]);
});

it('every function is a file named as its state', () => {
  const names = ['rotate-stream', 'rotate-fleet'].flatMap((machine) =>
    functionsOf(
      JSON.parse(readFileSync(`statemachines/${machine}.asl.json`, 'utf8')),
    ),
  );
  const files = names.map((name) => `functions/${kebab(name)}.ts`);
  expect(FILES).toEqual(expect.arrayContaining(files));
});

/** The states that call a function, those of Map states too. */
function functionsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => {
    const { Resource } = (part ?? {}) as { Resource?: unknown };
    const isFunction =
      typeof Resource === 'string' && Resource.includes('FunctionArn}');
    return [...(isFunction ? [name] : []), ...functionsOf(part)];
  });
}

function kebab(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
}
