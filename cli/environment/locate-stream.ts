import { kinesisClient } from '../../shared/lambda/clients.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import type { ChosenStream, StreamOptions } from '../input/streams.ts';

/**
 * A stream as Kinesis knows it: only an emulator has it in another account
 * than it was looked for in.
 *
 * @throws what DescribeStreamSummary refuses
 */
export async function locateStream(
  stream: ChosenStream,
  { streamArn }: StreamOptions,
): Promise<ChosenStream> {
  const kinesis = kinesisClient();
  try {
    const { StreamARN = stream.StreamARN } = await describeStream(
      kinesis,
      streamArn ? { StreamARN: streamArn } : { StreamName: stream.StreamName },
    );
    return { ...stream, StreamARN };
  } finally {
    kinesis.destroy();
  }
}
