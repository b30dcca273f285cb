/**
 * Counts the calls of two rotations on an embedded AWS with updates of one
 * length: an undisturbed one, and one whose Start is throttled once:
 * `cost.ts SECONDS`.
 */
import { awsError } from '../../local/instruments/fault-proxy.ts';
import { runRotation } from '../../local/runner/rotation.ts';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';
import type { RotationRun } from '../sections/cost.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';
import { countCalls, recordCalls } from '../support/calls.ts';

const updateSeconds = Number(process.argv[2]);
const aws = await openMeasuredAws(updateSeconds, ['undisturbed', 'throttled']);

async function run(at: number, isThrottled: boolean): Promise<RotationRun> {
  const request = aws.ring(at);
  const events: ExecutionEvent[] = [];
  const scope = aws.proxy.scope(request.StreamName);
  if (isThrottled) {
    scope.rules.push({
      operation: 'StartStreamEncryption',
      times: 1,
      fault: awsError('LimitExceededException'),
    });
  }
  const { result, calls } = await recordCalls(() =>
    runRotation({
      request,
      ...aws,
      onEvent: (event) => events.push(event),
    }),
  );
  scope.close();
  if (result.Status !== 'SUCCEEDED') throw new Error(result.Cause);
  const counted = countCalls(
    events,
    (name) => calls.filter(({ operation }) => operation === name).length,
  );
  return { updateSeconds, isThrottled, calls: counted };
}

const runs = await Promise.all([run(0, false), run(1, true)]);
await aws.close();
process.stdout.write(JSON.stringify(runs));
