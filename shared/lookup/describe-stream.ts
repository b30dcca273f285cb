import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import type { RotationRequest } from '../contract/request.ts';
import { nameError } from '../errors/aws-errors.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { parseStreamArn } from '../identifiers/arn.ts';

/** What DescribeStreamSummary says of every stream. */
type AlwaysDescribed = 'StreamName' | 'StreamARN' | 'StreamStatus';

/** A stream as DescribeStreamSummary describes it. */
export type DescribedStream = StreamDescriptionSummary & {
  [Field in AlwaysDescribed]: NonNullable<StreamDescriptionSummary[Field]>;
};

/**
 * Describes the stream that a request names.
 *
 * @throws {RotationError} InvalidRequest for a stream in another Region, and
 *   what DescribeStreamSummary refuses
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html
 */
export async function describeStream(
  kinesis: KinesisClient,
  { StreamName, StreamARN }: Pick<RotationRequest, 'StreamName' | 'StreamARN'>,
): Promise<DescribedStream> {
  const here = await kinesis.config.region();
  const arn = StreamARN === undefined ? undefined : parseStreamArn(StreamARN);
  if (arn !== undefined && arn.region !== here) {
    throw new RotationError(
      'InvalidRequest',
      `StreamARN ${quote(StreamARN)} is in Region ${arn.region}, and this state machine runs in ${here}; start the rotation in ${arn.region}`,
    );
  }
  const subject = StreamARN
    ? `StreamARN ${quote(StreamARN)}`
    : `StreamName ${quote(StreamName)}`;
  try {
    const { StreamDescriptionSummary: summary } = await kinesis.send(
      new DescribeStreamSummaryCommand(
        StreamARN ? { StreamARN } : { StreamName },
      ),
    );
    if (!summary?.StreamName || !summary.StreamARN || !summary.StreamStatus) {
      throw new Error(`DescribeStreamSummary of ${subject} names no stream`);
    }
    return summary as DescribedStream;
  } catch (error) {
    throw nameError(error, subject);
  }
}
