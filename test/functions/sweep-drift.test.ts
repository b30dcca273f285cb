import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
  StopStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  type KMSClient,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSweepDrift, type Sweep } from '../../functions/sweep-drift.ts';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerReader,
} from '../../shared/lambda/clients.ts';
import { publishedBy } from '../support/aws/published-metrics.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';

/** Waits for the emulator, however busy the machine is. */
const PATIENTLY = { interval: 10, timeout: 60_000 };

const MANY = 12;

let aws: LocalRotations;
let kinesis: KinesisClient;
let kms: KMSClient;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 8 + MANY);
  kinesis = kinesisClient({ maxAttempts: 1 });
  kms = kmsClient();
});

afterAll(async () => {
  kinesis.destroy();
  kms.destroy();
  await aws.close();
});

const context = { functionName: 'SweepDrift' } as never;

async function sweep(
  streams: Pick<RotationsStream, 'StreamName' | 'KeyIds'>[],
): Promise<Sweep['Streams']> {
  const ledger = ledgerReader();
  const handler = createSweepDrift({ kinesis, kms, ledger, now: Date.now });
  const { Status, Streams } = await handler({ Streams: streams }, context);
  expect(Status).toBe('SUCCEEDED');
  return Streams;
}

/** A stream of its own that a rotation has put under the nth key of its ring. */
async function under(nth: number): Promise<RotationsStream> {
  const entry = aws.nextStream();
  const { StreamName, KeyIds } = entry;
  const outcome = await aws.rotate({ StreamName, KeyId: KeyIds[nth] });
  expect(outcome).toMatchObject({ Outcome: 'ROTATED' });
  return entry;
}

describe('SweepDrift', () => {
  it.each([
    null,
    {},
    { Streams: 'orders' },
    { Streams: [null] },
    { Streams: [{ StreamName: 'orders' }] },
    { Streams: [{ StreamName: '\u001b[2J', KeyIds: ['alias/a', 'alias/b'] }] },
  ])('refuses %j, which names no streams', async (event) => {
    const handler = createSweepDrift({
      kinesis,
      kms,
      ledger: ledgerReader(),
      now: Date.now,
    });
    await expect(handler(event, context)).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
  });

  it('judges each stream by itself, and in their order', async () => {
    const unencrypted = aws.nextStream();
    const inOrder = await under(1);
    const outside = await under(2);
    const stopped = await under(0);
    await kinesis.send(
      new StopStreamEncryptionCommand({
        StreamName: stopped.StreamName,
        EncryptionType: 'KMS',
        KeyId: stopped.KeyIds[0],
      }),
    );
    await vi.waitFor(async () => {
      const { StreamDescriptionSummary } = await kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName: stopped.StreamName }),
      );
      expect(StreamDescriptionSummary?.EncryptionType).toBe('NONE');
    }, PATIENTLY);
    const nowhere = { StreamName: 'nowhere', KeyIds: inOrder.KeyIds };
    let found: Sweep['Streams'] = [];
    const metrics = await publishedBy(async () => {
      found = await sweep([
        unencrypted,
        nowhere,
        inOrder,
        { ...outside, KeyIds: outside.KeyIds.slice(0, 2) },
        stopped,
      ]);
    });
    expect(found).toEqual([
      {
        StreamName: unencrypted.StreamName,
        Drift: 1,
        Reason: 'is not encrypted',
      },
      {
        StreamName: 'nowhere',
        Drift: null,
        Reason: expect.stringContaining(
          'could not be looked at: ResourceNotFoundException: StreamName "nowhere"',
        ),
      },
      {
        StreamName: inOrder.StreamName,
        Drift: 0,
        Reason: `is under "${inOrder.KeyIds[1]}"`,
      },
      {
        StreamName: outside.StreamName,
        Drift: 1,
        Reason: `is under "${outside.KeyIds[2]}", which is not in its ring`,
      },
      { StreamName: stopped.StreamName, Drift: 1, Reason: 'is not encrypted' },
    ]);
    const expected = [
      [unencrypted, 1, 0],
      [inOrder, 0, 1],
      [outside, 1, 1],
      [stopped, 1, 1],
    ] as const;
    expect(metrics.toSorted()).toEqual(
      expected
        .flatMap(([{ StreamName }, drift, used]) => [
          ['Drift', StreamName, drift],
          ['QuotaUsed', StreamName, used],
        ])
        .toSorted(),
    );
  });

  it('finds a key that was disabled, and the stream in order when it is not', async () => {
    const entry = await under(0);
    const { KeyMetadata } = await kms.send(
      new DescribeKeyCommand({ KeyId: entry.KeyIds[0] }),
    );
    const Key = { KeyId: KeyMetadata?.KeyId };
    await kms.send(new DisableKeyCommand(Key));
    expect(await sweep([entry])).toEqual([
      {
        StreamName: entry.StreamName,
        Drift: 1,
        Reason: expect.stringContaining('KeyState Disabled'),
      },
    ]);
    await kms.send(new EnableKeyCommand(Key));
    expect(await sweep([entry])).toMatchObject([{ Drift: 0 }]);
  });

  it('finds an alias that was repointed, and that a RESTORE cures it', async () => {
    const entry = await under(0);
    const { StreamName, KeyIds } = entry;
    expect(await sweep([entry])).toMatchObject([{ Drift: 0 }]);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    await kms.send(
      new UpdateAliasCommand({
        AliasName: KeyIds[0],
        TargetKeyId: KeyMetadata?.KeyId,
      }),
    );
    expect(await sweep([entry])).toEqual([
      {
        StreamName,
        Drift: 1,
        Reason: `is under "${KeyIds[0]}", which resolves to another key than when it was applied`,
      },
    ]);
    const restored = await aws.rotate({ StreamName, KeyIds, Mode: 'RESTORE' });
    expect(restored).toMatchObject({
      Outcome: 'ROTATED',
      KeyArn: KeyMetadata?.Arn,
    });
    expect(await sweep([entry])).toMatchObject([{ Drift: 0 }]);
  });

  it('changes nothing, from the deployed function', async () => {
    const entry = aws.nextStream();
    const { SweepDrift } = aws.handlers;
    const event = { Streams: [entry] };
    expect(await SweepDrift?.(event as never, context)).toMatchObject({
      Streams: [{ StreamName: entry.StreamName, Drift: 1 }],
    });
    const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${entry.StreamName}`;
    expect((await ledgerReader().read(StreamARN)).Version).toBe(0);
  });

  it.each([
    ['a stream that is invalid', { StreamName: 'a b' }, '"a b"'],
    ['a ring of one', { KeyIds: ['alias/a'] }, 'KeyIds'],
  ])('refuses %s', async (_, wrong, named) => {
    const entry = { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] };
    await expect(sweep([{ ...entry, ...wrong }])).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringContaining(named),
    });
  });

  it('describes at most five streams a second, and hardly less', async () => {
    const entries = Array.from({ length: MANY }, aws.nextStream);
    const startedAt: number[] = [];
    let open = 0;
    const onTheWay = async <T>(call: () => Promise<T>): Promise<T> => {
      open++;
      return call().finally(() => open--);
    };
    const watched = kinesisClient({ maxAttempts: 1 });
    watched.middlewareStack.add((next) => (args) => {
      startedAt.push(Date.now());
      return onTheWay(() => next(args));
    });
    const watchedKms = kmsClient();
    watchedKms.middlewareStack.add(
      (next) => (args) => onTheWay(() => next(args)),
    );
    const reader = ledgerReader();
    const handler = createSweepDrift({
      kinesis: watched,
      kms: watchedKms,
      ledger: { read: (arn) => onTheWay(() => reader.read(arn)) },
      now: Date.now,
    });
    const swept: string[] = [];
    const sweepAll = async () => {
      // One after the other, as a function that stays warm is called.
      const calls = [
        entries.slice(0, 1),
        entries.slice(1, 5),
        entries.slice(5),
      ];
      for (const Streams of calls) {
        const sweep = await handler({ Streams }, context);
        swept.push(...sweep.Streams.map(({ StreamName }) => StreamName));
        if (swept.length === 1) {
          await new Promise((done) => setTimeout(done, 900));
        }
      }
    };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      let isDone = false;
      const sweeping = sweepAll().finally(() => {
        isDone = true;
      });
      while (!isDone) {
        // Time stands still while a call is under way.
        await new Promise(setImmediate);
        if (open === 0) await vi.advanceTimersByTimeAsync(10);
      }
      await sweeping;
    } finally {
      vi.useRealTimers();
      watched.destroy();
      watchedKms.destroy();
    }
    expect(swept).toEqual(entries.map(({ StreamName }) => StreamName));
    expect(startedAt).toHaveLength(MANY);
    for (const [i, at] of startedAt.entries()) {
      const sixth = startedAt[i + 5] ?? Number.POSITIVE_INFINITY;
      expect(sixth - at).toBeGreaterThanOrEqual(1000);
    }
    const took = (startedAt.at(-1) ?? 0) - (startedAt[0] ?? 0);
    expect(took).toBeLessThan(3000);
  });
});
