/**
 * The main job as the README shows it, in an empty folder: a stream that is not
 * encrypted moves to the first key of its ring, then to the second, then asks
 * for the key that it has.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import type { Success } from '../shared/contract/outcome.ts';

const run = promisify(execFile);
const A = 'alias/samplestream-a';
const B = 'alias/samplestream-b';
/** The update, the 5 s after it, and 3 s for everything else. */
const LIMIT_SECONDS = 2 + 5 + 3;

const directory = await mkdtemp(join(tmpdir(), 'main-job-'));

async function start(...flags: string[]): Promise<Success> {
  const args = ['start', '--silent', '--', '--output', 'json', ...flags];
  const { stdout } = await run('npm', args, {
    env: { ...process.env, LOCAL_DIR: directory, LOCAL_UPDATE_SECONDS: '2' },
  });
  return JSON.parse(stdout);
}

function check(what: string, is: unknown, expected: unknown): void {
  if (isDeepStrictEqual(is, expected)) return;
  throw new Error(
    `${what}: expected ${JSON.stringify(expected)}, was ${JSON.stringify(is)}`,
  );
}

function summary(outcome: Success) {
  const { Outcome, PreviousKeyId, KeyId, Verification, Quota } = outcome;
  return [
    Outcome,
    PreviousKeyId,
    KeyId,
    Verification?.EncryptionType,
    Quota.Used,
  ];
}

function seconds({ StartedAt, VerifiedAt }: Success): number {
  return (Date.parse(VerifiedAt ?? '') - Date.parse(StartedAt)) / 1000;
}

try {
  const first = await start();
  check('First run', summary(first), ['ROTATED', null, A, 'KMS', 1]);
  const second = await start();
  check('Second run', summary(second), ['ROTATED', A, B, 'KMS', 2]);
  const third = await start('--stream-name', 'samplestream', '--key-id', B);
  check('Third run', summary(third), ['UNCHANGED', B, B, 'KMS', 2]);
  for (const rotation of [first, second]) {
    check('Within its time', seconds(rotation) < LIMIT_SECONDS, true);
  }
  const times = [first, second].map((rotation) => seconds(rotation).toFixed(1));
  process.stdout.write(
    `not encrypted -> ${A} -> ${B}, each verified, in ${times.join(' and ')} s\n`,
  );
} finally {
  await rm(directory, { recursive: true });
}
