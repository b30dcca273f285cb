import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const FULL = '/dev/full';

describe.runIf(existsSync(FULL))('a result that cannot be written', () => {
  it.each([[['--help']], [['complete', 'bash']]])(
    'makes %j fail, and says so',
    (args) => {
      const out = openSync(FULL, 'w');
      const { status, stderr } = spawnSync(
        process.execPath,
        ['cli/main.ts', ...args],
        { stdio: ['ignore', out, 'pipe'], encoding: 'utf8' },
      );
      closeSync(out);
      expect(stderr).toMatch(/^The result could not be written: ENOSPC/m);
      expect(status).toBe(1);
    },
  );
});
