import type { BuiltFunction } from '../../stack/bundling/function-build.ts';

/** The bytes of a bundle by the package that they come from, most first. */
export function packagesIn({ inputs }: BuiltFunction): [string, number][] {
  const bytes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const [, inModules] = path.split(/.*node_modules\//);
    const [, name = 'this project'] =
      inModules?.match(/^((?:@[^/]+\/)?[^/]+)/) ?? [];
    bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
  return [...bytes].sort(([, a], [, b]) => b - a);
}
