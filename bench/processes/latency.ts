/**
 * Moves one stream for each contender at the same time, for a number of rounds,
 * on an embedded AWS with updates of one length: `latency.ts SECONDS ROUNDS`.
 */
import type { LatencyRun } from '../sections/latency.ts';
import { CONTENDERS, type Contender, STREAMS } from '../subjects/contenders.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';
import { recordCalls } from '../support/calls.ts';

const [updateSeconds, rounds] = process.argv.slice(2).map(Number) as [
  number,
  number,
];
const aws = await openMeasuredAws(updateSeconds, STREAMS);

async function run(
  contender: Contender,
  at: number,
  round: number,
): Promise<LatencyRun> {
  const { StreamName, KeyIds } = aws.ring(at);
  const target = { StreamName, KeyId: round % 2 === 0 ? KeyIds[0] : KeyIds[1] };
  const begin = performance.now();
  const { calls } = await recordCalls(() => contender.apply(target, aws));
  const end = performance.now();
  const started = calls.find(
    ({ operation }) => operation === 'StartStreamEncryption',
  );
  const activeAt = (started?.at ?? Number.NaN) + updateSeconds * 1000;
  const noticed = calls.find(
    ({ operation, at }) => operation.startsWith('Describe') && at >= activeAt,
  );
  return {
    updateSeconds,
    contender: contender.name,
    seconds: (end - begin) / 1000,
    noticed: noticed
      ? {
          afterSeconds: (noticed.at - activeAt) / 1000,
          toAnswerSeconds: (end - noticed.at) / 1000,
        }
      : null,
    records: calls.filter(({ operation }) => operation === 'PutRecord').length,
  };
}

const runs: LatencyRun[] = [];
for (let round = 0; round < rounds; round++) {
  const all = CONTENDERS.map((contender, at) => run(contender, at, round));
  runs.push(...(await Promise.all(all)));
}
await aws.close();
process.stdout.write(JSON.stringify(runs));
