import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const read = (path: string) => readFileSync(path, 'utf8');

it('CONTRIBUTING.md names files that exist', () => {
  const rows = read('CONTRIBUTING.md').match(/^\| .* \|$/gm) ?? [];
  const paths = rows.flatMap((row) =>
    [...row.matchAll(/`([a-z]+\/[\w./-]*|serverless\.yml)`/g)].map(
      ([, path = '']) => path,
    ),
  );
  expect(paths.length).toBeGreaterThan(40);
  expect(paths.filter((path) => !existsSync(path))).toEqual([]);
});

it('README.md has at most 150 lines', () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThan(151);
});

it('every action of a workflow is pinned by digest', () => {
  const folder = '.github/workflows';
  const uses = readdirSync(folder).flatMap((file) =>
    [...read(`${folder}/${file}`).matchAll(/uses: (\S+)/g)].map(
      ([, one]) => one,
    ),
  );
  expect(uses.length).toBeGreaterThan(0);
  expect(uses.filter((one) => !/@[0-9a-f]{40}$/.test(String(one)))).toEqual([]);
});

describe('package-lock.json', () => {
  interface Entry {
    link?: boolean;
    integrity?: string;
    optionalDependencies?: Record<string, string>;
  }
  const lockOf = (folder: string): Record<string, Entry> =>
    JSON.parse(read(`${folder}package-lock.json`)).packages;

  it.each(['', 'scripts/mutation/'])(
    'has the integrity of every package in "%s"',
    (folder) => {
      const without = Object.entries(lockOf(folder))
        .filter(([path, { link, integrity }]) => path && !link && !integrity)
        .map(([path]) => path);
      expect(without).toEqual([]);
    },
  );

  it('lists the native tools of every platform', () => {
    const packages = lockOf('');
    const wanted = ['@biomejs/biome', 'esbuild', 'oxc-parser'].flatMap((name) =>
      Object.keys(packages[`node_modules/${name}`]?.optionalDependencies ?? {}),
    );
    expect(wanted.length).toBeGreaterThan(40);
    const paths = Object.keys(packages);
    const missing = wanted.filter(
      (name) => !paths.includes(`node_modules/${name}`),
    );
    expect(missing).toEqual([]);
  });
});
