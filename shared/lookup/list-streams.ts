import {
  type KinesisClient,
  ListStreamsCommand,
  type ListStreamsCommandInput,
  type ListStreamsCommandOutput,
} from '@aws-sdk/client-kinesis';
import { nameError } from '../errors/aws-errors.ts';

/** A stream as ListStreams lists it. Emulators give the name alone. */
export interface ListedStream {
  StreamName: string;
  StreamARN?: string | undefined;
  StreamStatus?: string | undefined;
}

/** Passes a call on when its turn has come, at most `perSecond` times a second. */
export type Throttle = <Argument, Result>(
  call: (argument: Argument) => Promise<Result>,
  perSecond: number,
) => (argument: Argument) => Promise<Result>;

/** What AWS allows an account in a Region. */
const LISTS_PER_SECOND = 5;

/**
 * Lists the streams of the account and Region, in the order of Kinesis.
 *
 * @throws what ListStreams refuses, under AWS's own name, and ServiceUnavailable
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html
 */
export async function listStreams(
  kinesis: KinesisClient,
  throttle: Throttle,
): Promise<ListedStream[]> {
  const list = throttle(
    (page: ListStreamsCommandInput) =>
      kinesis.send(new ListStreamsCommand(page)),
    LISTS_PER_SECOND,
  );
  const streams: ListedStream[] = [];
  let page: ListStreamsCommandInput | undefined = {};
  while (page !== undefined) {
    const answer: ListStreamsCommandOutput = await list(page).catch(
      (error: unknown) => {
        throw nameError(error);
      },
    );
    const { StreamNames = [], HasMoreStreams, NextToken } = answer;
    streams.push(...listedOn(answer));
    const last = StreamNames.at(-1);
    if (HasMoreStreams && last === undefined) {
      throw new Error(
        'ListStreams returned an empty page that is not the last',
      );
    }
    // Emulators know no token.
    const next = NextToken ? { NextToken } : { ExclusiveStartStreamName: last };
    page = HasMoreStreams ? next : undefined;
  }
  return streams;
}

function listedOn({
  StreamNames = [],
  StreamSummaries = [],
}: ListStreamsCommandOutput): ListedStream[] {
  const summaries = new Map(
    StreamSummaries.map((summary) => [summary.StreamName, summary]),
  );
  return StreamNames.map((StreamName) => {
    const { StreamARN, StreamStatus } = summaries.get(StreamName) ?? {};
    return { StreamName, StreamARN, StreamStatus };
  });
}
