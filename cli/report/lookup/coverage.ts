import {
  type KinesisClient,
  ListStreamsCommand,
  type ListStreamsCommandInput,
} from '@aws-sdk/client-kinesis';
import pThrottle from 'p-throttle';
import { nameError } from '../../../shared/errors/aws-errors.ts';
import { describeStream } from '../../../shared/lookup/describe-stream.ts';
import type { Coverage, UnmanagedStream } from '../report-input.ts';

/**
 * AWS allows an account 5 ListStreams and 20 DescribeStreamSummary a second. A quarter
 * of the latter, as in the drift sweep, leaves the rest to rotations.
 */
const CALLS_PER_SECOND = 5;

/** Passes a call on when its turn has come. */
type Throttle = <Argument, Result>(
  call: (argument: Argument) => Promise<Result>,
) => (argument: Argument) => Promise<Result>;

const throttled: Throttle = (call) =>
  pThrottle({ limit: CALLS_PER_SECOND, interval: 1000, strict: true })(call);

/**
 * Lists the streams of the account and Region, and describes those that are not
 * managed.
 *
 * @param managed the names of the streams in rotations.yml
 */
export async function gatherCoverage(
  kinesis: KinesisClient,
  managed: ReadonlySet<string>,
  throttle: Throttle = throttled,
): Promise<Coverage> {
  let names: string[];
  try {
    names = await listStreams(kinesis, throttle);
  } catch (error) {
    const { name, message } = nameError(error);
    return { status: 'UNKNOWN', reason: `${name}: ${message}` };
  }
  const describe = throttle((StreamName: string) =>
    describeUnmanaged(kinesis, StreamName),
  );
  const notManaged = await Promise.all(
    names.filter((name) => !managed.has(name)).map(describe),
  );
  return { status: 'LISTED', streams: names.length, notManaged };
}

/**
 * @returns the names in the order of Kinesis
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreams.html
 */
async function listStreams(
  kinesis: KinesisClient,
  throttle: Throttle,
): Promise<string[]> {
  const list = throttle((page: ListStreamsCommandInput) =>
    kinesis.send(new ListStreamsCommand(page)),
  );
  const names: string[] = [];
  let page: ListStreamsCommandInput | undefined = {};
  while (page !== undefined) {
    const { StreamNames = [], HasMoreStreams, NextToken } = await list(page);
    names.push(...StreamNames);
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
  return names;
}

async function describeUnmanaged(
  kinesis: KinesisClient,
  StreamName: string,
): Promise<UnmanagedStream> {
  try {
    const description = await describeStream(kinesis, { StreamName });
    return { StreamName, description };
  } catch (error) {
    const { name, message } = error as Error;
    return { StreamName, description: { Error: name, Cause: message } };
  }
}
