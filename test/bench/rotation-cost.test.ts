import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { countCalls } from '../../bench/support/calls.ts';
import { callsOf } from '../../cli/preview/rotation-cost.ts';
import { startEventBus } from '../../local/instruments/event-bus.ts';
import {
  altered,
  type FaultProxy,
  startFaultProxy,
} from '../../local/instruments/fault-proxy.ts';
import { loadHandlers } from '../../local/runner/handlers.ts';
import type {
  ExecutionEvent,
  TaskHandlers,
} from '../../local/runner/state-machine.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

/** The third poll finds an update of this length at its end. */
const UPDATE_SECONDS = 1.3;
/** Polls that find the stream UPDATING, however long the emulator takes. */
const POLLS_BEFORE_END = 2;

let aws: LocalRotations;
let bus: Awaited<ReturnType<typeof startEventBus>>;
let proxy: FaultProxy;
let handlers: TaskHandlers;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 2);
  bus = await startEventBus();
  proxy = await startFaultProxy({
    ...aws.endpoints,
    EVENTBRIDGE: bus.endpoint,
  });
  for (const service of ['KINESIS', 'DYNAMODB', 'KMS', 'EVENTBRIDGE']) {
    vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, proxy.endpoint);
  }
  vi.stubEnv('EVENT_BUS_NAME', 'default');
  vi.resetModules();
  handlers = await loadHandlers();
});

afterAll(async () => {
  await proxy.close();
  await bus.close();
  vi.unstubAllEnvs();
  await aws.close();
});

/** Rotates without the 5 s at its end, and counts the calls. */
async function callsOfRun(StreamName: string, KeyIds: string[]) {
  const scope = proxy.scope(StreamName);
  // Calls to KMS do not contain the stream's name.
  const keys = proxy.scope('alias/');
  scope.rules.push({
    operation: 'DescribeStreamSummary',
    when: (_, earlier) =>
      earlier.some(({ operation }) => operation === 'StartStreamEncryption'),
    times: POLLS_BEFORE_END,
    fault: altered((body: { StreamDescriptionSummary: object }) => ({
      StreamDescriptionSummary: {
        ...body.StreamDescriptionSummary,
        StreamStatus: 'UPDATING',
      },
    })),
  });
  const events: ExecutionEvent[] = [];
  const outcome = await aws.rotate(
    { StreamName, KeyIds },
    {
      handlers,
      waits: { WaitForPropagation: 0 },
      onEvent: (event) => events.push(event),
    },
  );
  const calls = countCalls(events, (operation) =>
    (operation === 'DescribeKey' ? keys : scope).count(operation),
  );
  scope.close();
  keys.close();
  return { outcome, calls };
}

it('a rotation makes exactly the calls that its cost counts', async () => {
  const { StreamName, KeyIds } = aws.nextStream();
  const { outcome, calls } = await callsOfRun(StreamName, KeyIds);

  expect(outcome).toMatchObject({ Outcome: 'ROTATED' });
  expect(calls).toEqual(callsOf(KeyIds.length, UPDATE_SECONDS));
});

it('a rotation of a stream that has the key makes exactly these calls', async () => {
  const { StreamName, KeyIds } = aws.nextStream();
  const [KeyId = ''] = KeyIds;
  await aws.rotate({ StreamName, KeyId }, { handlers });
  const restore = { Mode: 'RESTORE', StreamName, KeyIds };
  const scope = proxy.scope(StreamName);
  const outcome = await aws.rotate(restore, { handlers });
  const { DynamoDbReads, DynamoDbWrites, PutRecord } = callsOf(3);

  expect(outcome).toMatchObject({ Outcome: 'UNCHANGED' });
  expect(scope.count('GetItem')).toBe(DynamoDbReads);
  expect(scope.count('PutItem')).toBe(DynamoDbWrites);
  expect(scope.count('PutRecord')).toBe(PutRecord);
  expect(scope.count('DescribeStreamSummary')).toBe(1);
});
