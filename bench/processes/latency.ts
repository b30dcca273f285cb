/**
 * Gives streams keys as every contender does, each on a stream of its own, all
 * at once, on an embedded AWS whose updates take so many seconds, in so many
 * rounds: `latency-process.ts SECONDS ROUNDS`.
 */

import type { LatencyRun } from '../sections/latency.ts';
import { apply, CONTENDERS, STREAMS } from '../subjects/contenders.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';
import { hearCalls } from '../support/aws-calls.ts';

const [seconds, rounds] = process.argv.slice(2).map(Number) as [number, number];
const aws = await openMeasuredAws(seconds, STREAMS);

async function run(at: number, round: number): Promise<LatencyRun> {
  const Contender = CONTENDERS[at] ?? '';
  const { StreamName = '', KeyIds = [] } = aws.rings[at] ?? {};
  const target = { StreamName, KeyId: KeyIds[round % 2] ?? '' };
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
  runs.push(...(await Promise.all(CONTENDERS.map((_, at) => run(at, round)))));
}
await aws.close();
process.stdout.write(JSON.stringify(runs));
