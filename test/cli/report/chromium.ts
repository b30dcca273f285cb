import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const CACHE = 'node_modules/.cache/chromium';
/** Where Debian and others put it. */
const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/**
 * The path of a Chromium: the one that npm has brought, which runs on Linux,
 * or else one that is installed. Undefined where there is none.
 */
export async function findChromium(): Promise<string | undefined> {
  const isPacked = process.platform === 'linux' && process.arch === 'x64';
  return isPacked ? unpacked() : INSTALLED.find((path) => existsSync(path));
}

/**
 * Unpacks it once, beside the package. The package unpacks into the folder for
 * temporary files, and takes whatever is there by its name, also the half of
 * one; so it gets a folder of its own, which is renamed when it is whole.
 */
async function unpacked(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const { default: manifest } = await import(
    join(dirname(main), '..', 'package.json'),
    { with: { type: 'json' } }
  );
  const folder = join(CACHE, manifest.version);
  const path = join(process.cwd(), folder, 'chromium');
  if (existsSync(path)) return path;
  await mkdir(CACHE, { recursive: true });
  const fresh = await mkdtemp(join(process.cwd(), CACHE, 'new-'));
  const { TMPDIR } = process.env;
  process.env.TMPDIR = fresh;
  try {
    const { default: chromium } = await import('@sparticuz/chromium');
    await chromium.executablePath();
    await rename(fresh, folder).catch((error) => {
      // Another run was faster.
      if (!existsSync(path)) throw error;
    });
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    await rm(fresh, { recursive: true, force: true });
  }
  return path;
}
