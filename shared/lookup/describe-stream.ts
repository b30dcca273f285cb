import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  type StreamDescriptionSummary,
} from '@aws-sdk/client-kinesis';
import type { RotationRequest } from '../contract/request.ts';
import { namedError } from '../errors/aws-errors.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { parseStreamArn } from '../identifiers/arn.ts';

/**
 * What Kinesis says of the stream that a request names.
 *
 * @throws {RotationError} InvalidRequest for a stream of another Region, and
 *   what DescribeStreamSummary refuses
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamSummary.html
 */
export async function describeStream(
  kinesis: KinesisClient,
  { StreamName, StreamARN }: Pick<RotationRequest, 'StreamName' | 'StreamARN'>,
): Promise<StreamDescriptionSummary> {
  const here = await kinesis.config.region();
  const arn = StreamARN === undefined ? undefined : parseStreamArn(StreamARN);
  if (arn !== undefined && arn.Region !== here) {
    throw new RotationError(
      'InvalidRequest',
      `StreamARN ${quote(StreamARN)} is in Region ${arn.Region}, and this state machine runs in ${here}; start the rotation in ${arn.Region}`,
    );
  }
  const subject = StreamARN
    ? `StreamARN ${quote(StreamARN)}`
    : `StreamName ${quote(StreamName)}`;
  try {
    const { StreamDescriptionSummary } = await kinesis.send(
      new DescribeStreamSummaryCommand(
        StreamARN ? { StreamARN } : { StreamName },
      ),
    );
    return StreamDescriptionSummary as StreamDescriptionSummary;
  } catch (error) {
    throw namedError(error, subject);
  }
}
