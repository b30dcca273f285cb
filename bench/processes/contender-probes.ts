/**
 * Records how every contender ends when a call of it goes wrong: Kinesis accepts
 * its Start and does not apply it, another request of it updates the stream, and
 * the stream has had 25 keys in 24 hours.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { awsError, type Fault } from '../../local/instruments/fault-proxy.ts';
import { quotaLedger } from '../../shared/lambda/clients.ts';
import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import type { ContenderProbe } from '../sections/latency.ts';
import { CONTENDERS, type Contender, STREAMS } from '../subjects/contenders.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';
import { recordCalls } from '../support/calls.ts';

const UPDATE_SECONDS = 2;
const POLL_MS = 50;

/** The stream stays ACTIVE under its previous key. */
const SWALLOWED: Fault = ({ answer }) =>
  answer({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: '',
  });

const aws = await openMeasuredAws(UPDATE_SECONDS, STREAMS);

async function untilStatus(StreamName: string, status: string) {
  for (;;) {
    const { StreamDescriptionSummary: stream } = await aws.kinesis.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    if (stream?.StreamStatus === status) return stream;
    await delay(POLL_MS);
  }
}

/** The result of a request, and whether a Start left. */
async function resultOf(
  { apply }: Contender,
  StreamName: string,
  KeyId: string,
): Promise<string> {
  const { result, calls } = await recordCalls(() =>
    apply({ StreamName, KeyId }, aws).then(
      () => 'succeeded',
      (error: Error) =>
        `failed: ${error.name === 'Error' ? error.message : error.name}`,
    ),
  );
  const isStarted = calls.some(
    ({ operation }) => operation === 'StartStreamEncryption',
  );
  return isStarted ? result : `${result}, without a Start`;
}

async function exhaustQuota(streamArn: string): Promise<void> {
  const ledger = quotaLedger();
  for (let n = 0; n < QUOTA_LIMIT; n++) {
    await ledger.recordExternalStart(streamArn, {
      RequestId: `request-${n}`,
      KeyId: 'unknown',
      At: Date.now(),
      By: 'unknown',
    });
  }
}

/** A request for a key whose Start meets a fault. */
async function faultyResult(
  contender: Contender,
  StreamName: string,
  KeyId: string,
  fault: Fault,
): Promise<string> {
  const scope = aws.proxy.scope(StreamName);
  scope.rules.push({ operation: 'StartStreamEncryption', fault });
  const result = await resultOf(contender, StreamName, KeyId);
  scope.close();
  return result;
}

async function probe(contender: Contender, at: number) {
  const { StreamName, KeyIds } = aws.ring(at);
  const [before, after] = KeyIds;
  const applyFirst = async () => {
    await contender.apply({ StreamName, KeyId: before }, aws);
    return untilStatus(StreamName, 'ACTIVE');
  };

  await applyFirst();
  const swallowedStart = await faultyResult(
    contender,
    StreamName,
    after,
    SWALLOWED,
  );

  const first = resultOf(contender, StreamName, after);
  await untilStatus(StreamName, 'UPDATING');
  const duringUpdate = await resultOf(contender, StreamName, before);
  await first;
  await untilStatus(StreamName, 'ACTIVE');

  const { StreamARN = '' } = await applyFirst();
  await exhaustQuota(StreamARN);
  const quotaUsedUp = await faultyResult(
    contender,
    StreamName,
    after,
    awsError('LimitExceededException'),
  );
  return {
    contender: contender.name,
    swallowedStart,
    duringUpdate,
    quotaUsedUp,
  };
}

const probes: ContenderProbe[] = await Promise.all(CONTENDERS.map(probe));
await aws.close();
process.stdout.write(JSON.stringify(probes));
