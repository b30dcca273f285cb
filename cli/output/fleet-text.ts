import type {
  FleetOutcome,
  StreamOutcome,
} from '../../shared/fleet/outcome.ts';
import { failuresCommand, type Where } from '../executions/next-command.ts';
import { bad, good } from './color.ts';
import { labelledRow, rowTable } from './table.ts';

/** A line a stream, and what all of them come to. */
export function fleetText(outcome: FleetOutcome, where: Where = {}): string {
  const { Status, Counts, Streams, Error: error, Cause } = outcome;
  const counts = Object.entries(Counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
  const total = Streams.length === 1 ? '1 stream' : `${Streams.length} streams`;
  const isWhole = Status === 'SUCCEEDED' || error === 'FleetIncomplete';
  return [
    ...(Streams.length === 0
      ? []
      : [
          rowTable(
            ['Stream', 'Ended as', 'Key or cause'],
            Streams.map((stream) => [
              stream.StreamName,
              endText(stream),
              stream.KeyId ?? stream.Cause ?? '',
            ]),
          ),
        ]),
    ...(isWhole ? [] : [`FAILED ${error}`, `${Cause}`]),
    `${total}: ${counts.join(', ') || 'none started'}`,
    ...(Status === 'FAILED'
      ? labelledRow('Next', failuresCommand(outcome.StartedAt, where))
      : []),
  ].join('\n');
}

/** How a stream's rotation ended, in a word. */
function endText({ Status, Outcome, Error: error }: StreamOutcome): string {
  return Status === 'FAILED' ? bad(error ?? Status) : good(Outcome ?? Status);
}
