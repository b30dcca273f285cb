/**
 * Moves one stream for each contender at the same time, for a number of rounds,
 * on an embedded AWS with updates of one length: `latency.ts SECONDS ROUNDS`.
 */

import type { LatencyRun } from '../sections/latency.ts';
import { apply, CONTENDERS, STREAMS } from '../subjects/contenders.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';
import { hearCalls } from '../support/aws-calls.ts';

const [seconds, rounds] = process.argv.slice(2).map(Number) as [number, number];
const aws = await openMeasuredAws(seconds, STREAMS);

async function run(
  Contender: (typeof CONTENDERS)[number],
  at: number,
  round: number,
): Promise<LatencyRun> {
  const { StreamName, KeyIds } = aws.ring(at);
  const target = { StreamName, KeyId: round % 2 === 0 ? KeyIds[0] : KeyIds[1] };
  const begin = performance.now();
  const { calls } = await hearCalls(() => apply(Contender, target, aws));
  const end = performance.now();
  const started = calls.find(
    ({ Operation }) => Operation === 'StartStreamEncryption',
  );
  const activeAt = (started?.At ?? Number.NaN) + seconds * 1000;
  const noticed = calls.find(
    ({ Operation, At }) => Operation.startsWith('Describe') && At >= activeAt,
  );
  return {
    UpdateSeconds: seconds,
    Contender,
    Seconds: (end - begin) / 1000,
    NoticedAfterSeconds: ((noticed?.At ?? end) - activeAt) / 1000,
  };
}

const runs: LatencyRun[] = [];
for (let round = 0; round < rounds; round++) {
  runs.push(
    ...(await Promise.all(CONTENDERS.map((name, at) => run(name, at, round)))),
  );
}
await aws.close();
process.stdout.write(JSON.stringify(runs));
