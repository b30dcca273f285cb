import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCompleteRotation } from '../../functions/complete-rotation.ts';
import { createSettleFailure } from '../../functions/settle-failure.ts';
import {
  type EventBus,
  startEventBus,
} from '../../local/instruments/event-bus.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import { quotaLedger } from '../../shared/lambda/clients.ts';
import { eventBusNotifier } from '../../shared/lambda/notifier.ts';
import type { TopicMessage } from '../../shared/notification/message-text.ts';
import {
  outcomeMessage,
  outcomeOf,
} from '../../shared/notification/outcome-message.ts';
import { RUNBOOK } from '../../shared/notification/runbook.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

let aws: LocalRotations;
let bus: EventBus;
const clients: EventBridgeClient[] = [];

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 4);
  bus = await startEventBus();
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await bus.close();
  await aws.close();
});

/** The deployed functions, which tell the bus at this endpoint. */
function telling(endpoint: string): TaskHandlers {
  const client = new EventBridgeClient({ endpoint });
  clients.push(client);
  const dependencies = {
    ledger: quotaLedger(),
    notifier: eventBusNotifier(client, 'default'),
  };
  return {
    ...aws.handlers,
    CompleteRotation: createCompleteRotation(dependencies),
    SettleFailure: createSettleFailure(dependencies),
  };
}

/** The outcomes that the bus was told of a rotation. */
const toldOf = (rotationId: string) =>
  bus.requests
    .flatMap(({ body }) => body.Entries)
    .filter(({ Resources }) => (Resources as string[]).includes(rotationId))
    .map(({ DetailType, Detail }) => [DetailType, JSON.parse(String(Detail))]);

/** What the topics receive of that event. */
function messageOf(rotationId: string): TopicMessage {
  const [[, detail] = []] = toldOf(rotationId);
  const deployment = { stage: 'prod', runbook: RUNBOOK };
  return outcomeMessage(outcomeOf({ detail }), deployment);
}

describe('the event of a rotation', () => {
  it('tells the outcome, as the execution has it', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const handlers = telling(bus.endpoint);
    const outcome = await aws.rotate({ StreamName, KeyIds }, { handlers });
    expect(outcome).toMatchObject({ Outcome: 'ROTATED' });
    expect(toldOf(outcome.RotationId)).toEqual([
      ['Rotation Succeeded', outcome],
    ]);
    expect(messageOf(outcome.RotationId).Subject).toBe(
      `${StreamName} (prod): rotation ROTATED`,
    );
  });

  it.each([
    ['after it was planned', { Force: true }],
    ['before it was planned', { Unknown: true }],
  ])('reports one that fails %s', async (_, field) => {
    const { StreamName, KeyIds } = aws.nextStream();
    const handlers: TaskHandlers = {
      ...telling(bus.endpoint),
      ReserveQuota: async () => {
        throw Object.assign(new Error('no'), { name: 'InternalError' });
      },
    };
    const request = { StreamName, KeyId: KeyIds[0], ...field };
    const outcome = await aws.rotate(request, { handlers });
    expect(outcome).toMatchObject({ Status: 'FAILED' });
    expect(toldOf(outcome.RotationId)).toEqual([['Rotation Failed', outcome]]);
    expect(messageOf(outcome.RotationId).Subject).toMatch(
      new RegExp(`^${StreamName} \\(prod\\): rotation FAILED, `),
    );
  });

  it('is no part of the rotation: it succeeds without a bus', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    const down = await startEventBus();
    await down.close();
    const handlers = telling(down.endpoint);
    const outcome = await aws.rotate({ StreamName, KeyIds }, { handlers });
    expect(outcome).toMatchObject({ Status: 'SUCCEEDED', Outcome: 'ROTATED' });
    const { Lease } = await quotaLedger().read(
      `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`,
    );
    expect(Lease).toBeUndefined();
  });
});
