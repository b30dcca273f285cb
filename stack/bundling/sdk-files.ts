import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/** Files inside packages of the SDK, which no alias reaches, and what replaces each. */
const STAND_INS = [
  [/shared-ini-file-loader[\\/]loadSharedConfigFiles\.js$/, './no-profiles.ts'],
  [/dist-es[\\/]node-http2-handler\.js$/, './no-http2.ts'],
  [/serde[\\/]uuid[\\/]v4\.js$/, './node-uuid.ts'],
] as const;

/** Replaces files of the SDK that a function runs at its start without need. */
export const SDK_FILES: Plugin = {
  name: 'sdk-files',
  setup: ({ onLoad }) => {
    for (const [filter, file] of STAND_INS) {
      onLoad({ filter }, async ({ path }) => {
        // Another package may have a file of the same name.
        if (!/[\\/]@smithy[\\/]/.test(path)) return undefined;
        const url = new URL(file, import.meta.url);
        return { contents: await readFile(url, 'utf8'), loader: 'ts' };
      });
    }
  },
};
