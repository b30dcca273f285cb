import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { LaunchOptions } from 'playwright-core';

const CACHE = join(process.cwd(), 'node_modules/.cache/chromium');
/** The paths of Debian's packages and of Chrome. */
const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * How to launch a Chromium: the one from npm, which runs on Linux, or else an
 * installed one. Undefined if there is none.
 */
export async function findChromium(): Promise<LaunchOptions | undefined> {
  if (process.platform === 'linux' && process.arch === 'x64') {
    const folder = await unpack();
    const libraries = join(folder, 'al2023/lib');
    return {
      executablePath: join(folder, 'chromium'),
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
    };
  }
  const executablePath = INSTALLED.find((path) => existsSync(path));
  return executablePath === undefined ? undefined : { executablePath };
}

/**
 * Unpacks the Chromium of npm and its libraries once, beside the package. The
 * package unpacks into the folder for temporary files, and takes a file of that
 * name even if it is incomplete. So it gets its own folder, which is renamed when
 * it is complete.
 */
async function unpack(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const root = join(dirname(main), '..');
  const manifest = await readFile(join(root, 'package.json'), 'utf8');
  const folder = join(CACHE, JSON.parse(manifest).version);
  if (existsSync(folder)) return folder;
  await mkdir(CACHE, { recursive: true });
  const fresh = await mkdtemp(join(CACHE, 'new-'));
  const { TMPDIR } = process.env;
  process.env.TMPDIR = fresh;
  try {
    const { default: chromium, inflate } = await import('@sparticuz/chromium');
    await chromium.executablePath();
    await inflate(join(root, 'bin/al2023.tar.br'));
    await rename(fresh, folder).catch((error) => {
      // Another run was faster.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    await rm(fresh, { recursive: true, force: true });
  }
  return folder;
}
