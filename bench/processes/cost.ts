/**
 * The calls of rotations on an embedded AWS whose updates take SECONDS:
 * undisturbed, and with a Start that is throttled once:
 * `cost-process.ts SECONDS`.
 */

import { awsError } from '../../local/instruments/fault-proxy.ts';
import { runRotation } from '../../local/runner/rotation.ts';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';
import type { RotationRun } from '../sections/cost.ts';
import { openMeasuredAws } from '../subjects/measured-aws.ts';
import { countOf, hearCalls } from '../support/aws-calls.ts';
import { countedCalls } from '../support/rotation-calls.ts';

const updateSeconds = Number(process.argv[2]);
const aws = await openMeasuredAws(updateSeconds, ['undisturbed', 'throttled']);

async function run(at: number, isThrottled: boolean): Promise<RotationRun> {
  const { StreamName, KeyIds } = aws.ring(at);
  const events: ExecutionEvent[] = [];
  const scope = aws.proxy.scope(StreamName);
  if (isThrottled) {
    scope.rules.push({
      operation: 'StartStreamEncryption',
      times: 1,
      fault: awsError('LimitExceededException'),
    });
  }
  const { result, calls } = await hearCalls(() =>
    runRotation({
      request: { StreamName, KeyIds },
      ...aws,
      onEvent: (event) => events.push(event),
    }),
  );
  scope.close();
  if (result.Status !== 'SUCCEEDED') throw new Error(result.Cause);
  const Calls = countedCalls(events, (operation) => countOf(calls, operation));
  return { UpdateSeconds: updateSeconds, IsThrottled: isThrottled, Calls };
}

const runs = await Promise.all([run(0, false), run(1, true)]);
await aws.close();
process.stdout.write(JSON.stringify(runs));
