import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { nameError } from '../../../shared/errors/aws-errors.ts';
import {
  type ListedStream,
  listStreams,
  type Throttle,
} from '../../../shared/lookup/list-streams.ts';
import { describeStreams, throttled } from '../../discovery/account-streams.ts';
import type { Coverage } from '../report-input.ts';

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
  let listed: ListedStream[];
  try {
    listed = await listStreams(kinesis, throttle);
  } catch (error) {
    const { name, message } = nameError(error);
    return { status: 'UNKNOWN', reason: `${name}: ${message}` };
  }
  const others = listed.filter(({ StreamName }) => !managed.has(StreamName));
  const found = await describeStreams(kinesis, others, throttle);
  const notManaged = found.map(({ StreamName, description }) => ({
    StreamName,
    description,
  }));
  return { status: 'LISTED', streams: listed.length, notManaged };
}
