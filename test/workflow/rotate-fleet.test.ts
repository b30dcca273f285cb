import { readFile } from 'node:fs/promises';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DisableKeyCommand,
} from '@aws-sdk/client-kms';
import aslValidator from 'asl-validator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type FleetOptions,
  runFleet,
  type StreamEvent,
} from '../../local/runner/fleet.ts';
import { FLEET_CONCURRENCY } from '../../shared/fleet/pace.ts';
import { kmsClient } from '../../shared/lambda/clients.ts';
import { ledgerOf } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  MISSING_STREAM,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

let aws: LocalRotations;
let requests: Record<string, unknown>[];

async function slotsOf({ StreamName }: { StreamName?: unknown }) {
  const { Slots = [] } = await ledgerOf(String(StreamName));
  return Slots.length;
}

beforeAll(async () => {
  aws = await openLocalRotations(0.3, 20);
  requests = Array.from({ length: 20 }, () => aws.nextStream()).map(
    ({ StreamName, KeyIds }) => ({ StreamName, KeyIds }),
  );
});

afterAll(() => aws.close());

/** Runs a fleet and keeps what was told of its streams. */
async function fleet(
  requests: readonly unknown[],
  options: Partial<FleetOptions> = {},
) {
  const events: StreamEvent[] = [];
  const outcome = await runFleet({
    input: { Streams: requests },
    handlers: aws.iam.authorized(aws.handlers),
    region: aws.region,
    waits: { ...aws.waits, WaitForTurn: 0, WaitForPace: 0 },
    ...options,
    onStream: (event) => {
      events.push(event);
      options.onStream?.(event);
    },
  });
  return { outcome, events };
}

/** How many streams had started and not ended, at most. */
function mostAtOnce(events: readonly StreamEvent[]): number {
  let running = 0;
  return Math.max(
    ...events.map(({ Type }) => {
      running += Type === 'STARTED' ? 1 : -1;
      return running;
    }),
  );
}

describe('the definition', () => {
  const read = async () =>
    JSON.parse(await readFile('statemachines/rotate-fleet.asl.json', 'utf8'));

  it('is valid Amazon States Language', async () => {
    const { isValid, errorsText } = aslValidator(await read(), {
      checkPaths: true,
      checkArn: true,
    });
    expect(errorsText('\n')).toBe('');
    expect(isValid).toBe(true);
  });

  it('runs as many rotations at once as the pace says', async () => {
    const { States } = await read();
    expect(States.RotateStreams).toMatchObject({
      Type: 'Map',
      MaxConcurrency: FLEET_CONCURRENCY,
    });
  });

  it('tries again what Step Functions throttles, and catches all else', async () => {
    const { States } = await read();
    const { RotateStream } = States.RotateStreams.ItemProcessor.States;
    expect(RotateStream.Retry).toMatchObject([
      {
        ErrorEquals: expect.arrayContaining([
          'StepFunctions.ExecutionLimitExceeded',
          'StepFunctions.ThrottlingException',
        ]),
        JitterStrategy: 'FULL',
      },
    ]);
    for (const name of ['RotateStream', 'ReadOutcome']) {
      const { Catch } = States.RotateStreams.ItemProcessor.States[name];
      expect(Catch).toMatchObject([{ ErrorEquals: ['States.ALL'] }]);
    }
  });

  it('waits for a rotation longer than one may take', async () => {
    const { TimeoutSeconds, States } = await read();
    const rotation = JSON.parse(
      await readFile('statemachines/rotate-stream.asl.json', 'utf8'),
    );
    const { RotateStream } = States.RotateStreams.ItemProcessor.States;
    expect(RotateStream.TimeoutSeconds).toBeGreaterThan(
      rotation.TimeoutSeconds,
    );
    expect(TimeoutSeconds).toBeGreaterThan(RotateStream.TimeoutSeconds);
  });
});

describe('a fleet', () => {
  it('rotates what it can, and says of the rest why it failed', async () => {
    const kms = kmsClient();
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const TargetKeyId = KeyMetadata?.KeyId ?? '';
    await kms.send(
      new CreateAliasCommand({ AliasName: 'alias/disabled', TargetKeyId }),
    );
    await kms.send(new DisableKeyCommand({ KeyId: TargetKeyId }));
    kms.destroy();
    const all = [...requests];
    expect(await aws.rotate(all[0])).toMatchObject({ Outcome: 'ROTATED' });
    all[0] = { ...all[0], Mode: 'RESTORE' };
    all[2] = { StreamName: 'stream-2', KeyId: 'alias/nowhere' };
    all[4] = { StreamName: 'stream-4', KeyId: 'alias/disabled' };
    all[6] = { StreamName: MISSING_STREAM, KeyId: 'alias/0-a' };

    const { outcome, events } = await fleet(all);

    expect(outcome).toMatchObject({
      Status: 'FAILED',
      Error: 'FleetIncomplete',
      Counts: { ROTATED: 16, UNCHANGED: 1, ALREADY_IN_PROGRESS: 0, FAILED: 3 },
      Cause:
        '3 of 20 rotations failed: stream-2 NotFoundException, stream-4 UnusableKey, missing ResourceNotFoundException',
    });
    expect(outcome.Streams.map(({ StreamName }) => StreamName)).toEqual(
      all.map(({ StreamName }) => StreamName),
    );
    expect(outcome.Streams[0]).toMatchObject({ Outcome: 'UNCHANGED' });
    expect(outcome.Streams[1]).toEqual({
      StreamName: 'stream-1',
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      KeyId: 'alias/1-a',
      Execution: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(outcome.Streams[4]).toMatchObject({
      Status: 'FAILED',
      Error: 'UnusableKey',
      Cause: expect.stringMatching(
        /^KeyId "alias\/disabled": key .* has KeyState Disabled/,
      ),
    });
    expect(mostAtOnce(events)).toBe(FLEET_CONCURRENCY);
    for (const { StreamName } of all) {
      const of = events.filter((event) => event.StreamName === StreamName);
      expect(of).toMatchObject([
        { Type: 'STARTED' },
        { Type: 'ENDED', Execution: expect.any(String) },
      ]);
    }
  });

  it('succeeds when all of its streams do', async () => {
    const { outcome } = await fleet(requests.slice(0, 2));
    expect(outcome).toMatchObject({
      Status: 'SUCCEEDED',
      FleetId: expect.stringMatching(/:execution:rotate-fleet:/),
      Counts: { ROTATED: 2, FAILED: 0 },
    });
  });

  it('goes on without ReadOutcome, and says that it does not know', async () => {
    const { ReadOutcome } = aws.handlers;
    const { outcome } = await fleet(requests.slice(0, 2), {
      handlers: {
        ...aws.handlers,
        ReadOutcome: async (
          event: { Request: { StreamName: string } },
          context,
        ) => {
          if (event.Request.StreamName === 'stream-0') throw new Error('gone');
          return ReadOutcome?.(event as never, context);
        },
      },
    });
    expect(outcome).toMatchObject({
      Status: 'FAILED',
      Counts: { ROTATED: 1, FAILED: 1 },
      Streams: [
        {
          StreamName: 'stream-0',
          Status: 'FAILED',
          Error: 'Error',
          Cause: expect.stringMatching(/^ReadOutcome failed; /),
        },
        { StreamName: 'stream-1', Outcome: 'ROTATED' },
      ],
    });
  });

  it('that is aborted settles what runs and starts nothing more', async () => {
    const slots = await Promise.all(requests.map(slotsOf));
    const stop = new AbortController();
    const places = Promise.withResolvers<void>();
    const polling = new Set<string>();
    const { DescribeStream } = aws.handlers;
    const { outcome, events } = await fleet(requests, {
      signal: stop.signal,
      handlers: {
        ...aws.handlers,
        DescribeStream: async (
          event: { Plan: { StreamName: string } },
          context,
        ) => {
          polling.add(event.Plan.StreamName);
          if (polling.size === FLEET_CONCURRENCY) places.resolve();
          await places.promise;
          stop.abort();
          return DescribeStream?.(event as never, context);
        },
      },
    });

    expect(outcome).toMatchObject({
      Status: 'FAILED',
      Error: 'ExecutionAborted',
      Counts: { FAILED: 20 },
    });
    const started = events.filter(({ Type }) => Type === 'STARTED');
    expect(started).toHaveLength(FLEET_CONCURRENCY);
    for (const [at, { StreamName, Execution }] of outcome.Streams.entries()) {
      const wasStarted = at < FLEET_CONCURRENCY;
      expect(Execution !== undefined).toBe(wasStarted);
      expect((await ledgerOf(StreamName)).Lease).toBeUndefined();
      const spent = (await slotsOf({ StreamName })) - (slots[at] ?? 0);
      expect(spent).toBe(wasStarted ? 1 : 0);
    }
    expect(events.filter(({ Type }) => Type === 'ENDED')).toHaveLength(
      FLEET_CONCURRENCY,
    );
  });

  it('is refused as a whole when one request is wrong', async () => {
    const started: StreamEvent[] = [];
    await expect(
      fleet([{ StreamName: 'a', KeyId: 'b c' }], {
        onStream: (event) => started.push(event),
      }),
    ).rejects.toThrow(/^Streams\[0\]: KeyId "b c" is not a key id/);
    expect(started).toEqual([]);
  });
});
