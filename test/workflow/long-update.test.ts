import type {
  DescribeStreamSummaryOutput,
  KinesisClient,
} from '@aws-sdk/client-kinesis';
import { expect, it, onTestFinished } from 'vitest';
import { createDescribeStream } from '../../functions/describe-stream.ts';
import { createStartEncryption } from '../../functions/start-encryption.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import { openLocalRotations } from '../support/workflow/local-rotations.ts';

/** A clock that only the waits of the state machine move, from now on. */
let now = Date.now();

/** Sees the stream UPDATING until then, by the clock above. */
function updatingUntil(activeAt: number): KinesisClient {
  const client = kinesisClient();
  client.middlewareStack.add((next) => async (args) => {
    for (;;) {
      const result = await next(args);
      const { StreamDescriptionSummary: summary } =
        result.output as DescribeStreamSummaryOutput;
      const isDue = now >= activeAt;
      if (summary && !isDue) summary.StreamStatus = 'UPDATING';
      // The emulator needs a moment of its own.
      if (!isDue || summary?.StreamStatus === 'ACTIVE') return result;
    }
  });
  return client;
}

it('an update of 40 seconds is noticed within a tenth of its length', async () => {
  const seconds = 40;
  const aws = await openLocalRotations(0.1);
  onTestFinished(() => aws.close());
  const begin = now;
  const watched = updatingUntil(begin + seconds * 1000);
  const kinesis = kinesisClient({ maxAttempts: 1 });
  const kms = kmsClient();
  onTestFinished(() => {
    for (const client of [watched, kinesis, kms]) client.destroy();
  });
  const { StreamName, KeyIds } = aws.nextStream();
  let looks = 0;
  const outcome = await aws.rotate(
    { StreamName, KeyId: KeyIds[0] },
    {
      handlers: {
        ...aws.handlers,
        StartEncryption: createStartEncryption({
          kinesis,
          kms,
          ledger: quotaLedger(),
          now: () => now,
          random: () => 0,
        }),
        DescribeStream: createDescribeStream({
          kinesis: watched,
          kms,
          now: () => now,
        }),
      },
      waits: { ...aws.waits, WaitForUpdate: 0 },
      onEvent: ({ type, state }) => {
        if (type !== 'StateEntered') return;
        if (state?.name === 'DescribeStream') looks++;
        if (state?.name === 'WaitForUpdate') {
          const { Description } = state.input as {
            Description: { WaitSeconds: number };
          };
          now += Description.WaitSeconds * 1000;
        }
      },
    },
  );
  expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
  const waited = (now - begin) / 1000;
  expect(waited).toBeGreaterThanOrEqual(seconds);
  expect(waited).toBeLessThan(seconds * 1.1);
  expect(looks).toBeLessThan(35);
});
