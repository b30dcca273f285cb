import type { AccountLook } from '../../keys/read-streams.ts';
import type { Coverage } from '../report-input.ts';

/**
 * The streams of the account and Region that are not managed.
 *
 * @param managed the names of the streams in rotations.yml
 */
export function coverageOf(
  { streams, listed }: AccountLook,
  managed: ReadonlySet<string>,
): Coverage {
  if (typeof listed === 'object') {
    return { status: 'UNKNOWN', reason: `${listed.Error}: ${listed.Cause}` };
  }
  const notManaged = streams
    .filter(({ StreamName }) => !managed.has(StreamName))
    .map(({ StreamName, look: description }) => ({ StreamName, description }));
  return { status: 'LISTED', streams: listed, notManaged };
}
