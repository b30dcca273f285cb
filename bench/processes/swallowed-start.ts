/**
 * What every contender says of a Start that Kinesis answers and does not
 * apply, so that the stream stays ACTIVE under the key that it had.
 */
import type { Fault } from '../../local/instruments/fault-proxy.ts';
import type { SwallowedStart } from '../sections/latency.ts';
import { apply, CONTENDERS, STREAMS } from '../subjects/contenders.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';

const UPDATE_SECONDS = 0.1;

const SWALLOWED: Fault = ({ answer }) =>
  answer({
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.1' },
    body: '',
  });

const aws = await openMeasuredAws(UPDATE_SECONDS, STREAMS);
const said = await Promise.all(
  CONTENDERS.map(async (Contender, at): Promise<SwallowedStart> => {
    const { StreamName, KeyIds } = aws.ring(at);
    const [before, KeyId] = KeyIds;
    await apply(Contender, { StreamName, KeyId: before }, aws);
    const scope = aws.proxy.scope(StreamName);
    scope.rules.push({ operation: 'StartStreamEncryption', fault: SWALLOWED });
    const answer = await apply(Contender, { StreamName, KeyId }, aws).then(
      () => 'succeeded',
      (error: Error) => `failed: ${error.message}`,
    );
    scope.close();
    return { Contender, Said: answer };
  }),
);
await aws.close();
process.stdout.write(JSON.stringify(said));
