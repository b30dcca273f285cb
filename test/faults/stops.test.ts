import { afterAll, beforeAll, expect, it } from 'vitest';
import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import {
  dynamoDbClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import { ledgerOf, localStreamArn } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

const STOPS = 500;
/** Below the quota of a stream, whatever each stop leaves spent. */
const STOPS_A_STREAM = 20;

/** The states whose functions a stop can leave running. */
const STATES = [
  'PlanRotation',
  'ReserveQuota',
  'StartEncryption',
  'DescribeStream',
  'VerifyEncryption',
  'CompleteRotation',
];

let aws: LocalRotations;
const dynamodb = dynamoDbClient();

beforeAll(async () => {
  aws = await openLocalRotations(0, 1 + STOPS / STOPS_A_STREAM);
});

afterAll(async () => {
  dynamodb.destroy();
  await aws.close();
});

/**
 * Stops a rotation while the function of a state runs. The function works after the
 * rule has settled the execution: StopExecution does not wait for it.
 *
 * @param isEarly whether the function works before the stop, and only answers after it
 */
async function stopDuring(
  state: string,
  isEarly: boolean,
  { StreamName, KeyIds }: RotationsStream,
): Promise<{ outcome: Outcome; late: unknown }> {
  const stopping = new AbortController();
  const settled = Promise.withResolvers<void>();
  const { [state]: task, SettleFailure } = aws.handlers;
  let late: unknown;
  const handlers: TaskHandlers = {
    ...aws.handlers,
    [state]: async (event, context) => {
      const work = async () => {
        const answer = await task?.(event, context).catch((error) => error);
        late = answer;
        return answer;
      };
      const done = isEarly ? await work() : undefined;
      stopping.abort();
      await settled.promise;
      return done ?? work();
    },
    SettleFailure: async (event, context) => {
      const answer = await SettleFailure?.(event, context);
      settled.resolve();
      return answer;
    },
  };
  const outcome = await aws.rotate(
    { StreamName, KeyIds },
    { handlers, signal: stopping.signal },
  );
  return { outcome, late };
}

async function recordsOf(stream: RotationsStream): Promise<Outcome[]> {
  const records: Outcome[] = [];
  const table = ledgerTableName();
  for await (const record of readHistory(
    dynamodb,
    table,
    localStreamArn(stream.StreamName),
  )) {
    records.push(record);
  }
  return records;
}

it(`${STOPS} stops while a function runs leave no lease and no reserved slot, and one end on record`, async () => {
  const random = new SeededRandom(12);
  const left: unknown[] = [];
  for (let n = 0; n < STOPS; n += STOPS_A_STREAM) {
    const stream = aws.nextStream();
    const ends: Outcome[] = [];
    for (let i = 0; i < STOPS_A_STREAM; i++) {
      const state = STATES[i] ?? STATES[random.between(0, STATES.length - 1)];
      const { outcome } = await stopDuring(
        state ?? '',
        random.chance(0.5),
        stream,
      );
      ends.push(outcome);
      const { Lease, Slots } = await ledgerOf(stream.StreamName);
      const reserved = Slots.filter(({ State }) => State === 'RESERVED');
      if (Lease || reserved.length > 0) left.push({ state, Lease, reserved });
    }
    const byId = (outcomes: Outcome[]) =>
      new Map(outcomes.map((one) => [one.RotationId, one.Status]));
    expect(byId(await recordsOf(stream))).toEqual(byId(ends));
  }
  expect(left).toEqual([]);
}, 300_000);

it('ReserveQuota throws ExecutionAborted after the stop', async () => {
  const stream = aws.nextStream();
  const { outcome, late } = await stopDuring('ReserveQuota', false, stream);
  expect(outcome).toMatchObject({ Error: 'ExecutionAborted', SlotsSpent: 0 });
  expect(late).toMatchObject({
    name: 'ExecutionAborted',
    message: expect.stringContaining('Redrive it in two minutes'),
  });
  expect(await aws.rotate({ ...stream })).toMatchObject({ Outcome: 'ROTATED' });
});
