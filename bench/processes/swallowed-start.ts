/**
 * Records the result of every contender for a Start that Kinesis accepts and does
 * not apply, so that the stream stays ACTIVE under its previous key.
 */
import type { Fault } from '../../local/instruments/fault-proxy.ts';
import type { SwallowedStart } from '../sections/latency.ts';
import { CONTENDERS, STREAMS } from '../subjects/contenders.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';

const UPDATE_SECONDS = 0.1;

const SWALLOWED: Fault = ({ answer }) =>
  answer({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: '',
  });

const aws = await openMeasuredAws(UPDATE_SECONDS, STREAMS);
const results = await Promise.all(
  CONTENDERS.map(async ({ name, apply }, at): Promise<SwallowedStart> => {
    const { StreamName, KeyIds } = aws.ring(at);
    const [before, after] = KeyIds;
    await apply({ StreamName, KeyId: before }, aws);
    const scope = aws.proxy.scope(StreamName);
    scope.rules.push({ operation: 'StartStreamEncryption', fault: SWALLOWED });
    const result = await apply({ StreamName, KeyId: after }, aws).then(
      () => 'succeeded',
      (error: Error) => `failed: ${error.message}`,
    );
    scope.close();
    return { contender: name, result };
  }),
);
await aws.close();
process.stdout.write(JSON.stringify(results));
