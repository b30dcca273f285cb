import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';

/**
 * Of its package.json a client of the SDK needs the version alone, for the user agent.
 * The whole file would be in each bundle, once for each client.
 */
export const SDK_VERSION: Plugin = {
  name: 'sdk-version',
  setup: ({ onLoad }) => {
    onLoad(
      { filter: /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]package\.json$/ },
      async ({ path }) => {
        const { version } = JSON.parse(await readFile(path, 'utf8'));
        return { contents: JSON.stringify({ version }), loader: 'json' };
      },
    );
  },
};
