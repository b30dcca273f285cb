/**
 * How close a rotation on the embedded AWS is to what Kinesis itself takes (the
 * update and the 5 seconds after it), and what a reservation costs, alone and
 * with others that want the same stream.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalAws } from '../local/local-aws.ts';
import { runRotation } from '../local/rotation.ts';
import { dynamoDbClient, ledgerTableName } from '../shared/clients.ts';
import { QuotaLedger } from '../shared/quota-ledger.ts';

const UPDATE_SECONDS = [0.5, 2];
const CONTENDERS = [1, 10, 100];
const ROUNDS = 3;
const PROPAGATION_SECONDS = 5;
const ROTATIONS = [{ StreamName: 'bench', KeyIds: ['alias/a', 'alias/b'] }];

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const print = (line: string) => process.stdout.write(`${line}\n`);

async function rotations(updateSeconds: number): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  process.env.LOCAL_DIR = directory;
  process.env.LOCAL_UPDATE_SECONDS = String(updateSeconds);
  const opening = performance.now();
  const aws = await openLocalAws(ROTATIONS);
  const opened = performance.now() - opening;
  const floor = updateSeconds + PROPAGATION_SECONDS;
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const outcome = await runRotation({
      request: ROTATIONS[0],
      handlers: aws.handlers,
      region: aws.region,
    });
    if (outcome.Status !== 'SUCCEEDED') throw new Error(outcome.Cause);
    ratios.push((performance.now() - start) / 1000 / floor);
  }
  print(
    `update ${updateSeconds} s: ${median(ratios).toFixed(2)} x the floor of ${floor} s (median of ${ROUNDS}), embedded AWS up in ${Math.round(opened)} ms`,
  );
  const { rss } = process.memoryUsage();
  print(`memory of the whole process: ${Math.round(rss / 2 ** 20)} MiB`);
  for (const contenders of CONTENDERS) await reservations(contenders);
  await aws.close();
  await rm(directory, { recursive: true });
}

async function reservations(contenders: number): Promise<void> {
  const client = dynamoDbClient();
  let calls = 0;
  client.middlewareStack.add((next) => (args) => {
    calls++;
    return next(args);
  });
  const ledger = new QuotaLedger(client, ledgerTableName());
  const stream = `arn:aws:kinesis:us-east-1:000000000000:stream/c${contenders}`;
  const start = performance.now();
  const answers = await Promise.all(
    Array.from({ length: contenders }, (_, i) =>
      ledger.reserve(stream, {
        RotationId: `r${i}`,
        StartedAt: new Date().toISOString(),
        KeyId: 'alias/a',
        KeyArn: `arn:${i}`,
        PreviousKeyId: null,
        PreviousKeyArn: null,
        LastAppliedAt: null,
        LeaseMs: 60_000,
      }),
    ),
  );
  const ms = performance.now() - start;
  client.destroy();
  const granted = answers.filter(({ Status }) => Status === 'GRANTED').length;
  print(
    `reserve by ${contenders} at once: ${(calls / contenders).toFixed(1)} DynamoDB calls each, ${granted} granted, settled in ${Math.round(ms)} ms`,
  );
}

// A process has one embedded AWS, so each update time gets its own.
const [, script = '', seconds] = process.argv;
if (seconds !== undefined) await rotations(Number(seconds));
else {
  for (const each of UPDATE_SECONDS) {
    const args = [script, String(each)];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    process.exitCode ||= status ?? 1;
  }
}
