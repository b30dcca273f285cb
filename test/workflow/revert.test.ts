import {
  DescribeStreamSummaryCommand,
  type KinesisClient,
} from '@aws-sdk/client-kinesis';
import { DisableKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVerifyEncryption } from '../../functions/verify-encryption.ts';
import { awsError } from '../../local/instruments/fault-proxy.ts';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import {
  kinesisClient,
  kmsClient,
  quotaLedger,
} from '../../shared/lambda/clients.ts';
import {
  closeFaultyClients,
  faultyKinesis,
} from '../support/workflow/faulty-kinesis.ts';
import { ledgerOf, localStreamArn } from '../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../support/workflow/local-rotations.ts';
import { NO_RETRY_PAUSES } from '../support/workflow/no-retry-pauses.ts';
import { recordStates } from '../support/workflow/record-states.ts';

let aws: LocalRotations;
let kms: KMSClient;
let kinesis: KinesisClient;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, 12);
  kms = kmsClient();
  kinesis = kinesisClient();
});

afterAll(async () => {
  await closeFaultyClients();
  kms.destroy();
  kinesis.destroy();
  await aws.close();
});

const ALARM = { Source: 'alarm', AlarmName: 'producers are refused by KMS' };

/** A stream that rotations moved from the first key of its ring to the second. */
async function moved() {
  const { StreamName, KeyIds } = aws.nextStream();
  const [a = '', b = '', c = ''] = KeyIds;
  await aws.rotate({ StreamName, KeyIds });
  expect(await aws.rotate({ StreamName, KeyIds })).toMatchObject({
    PreviousKeyId: a,
    KeyId: b,
  });
  const request = { StreamName, KeyIds, Mode: 'REVERT', Trigger: ALARM };
  return { StreamName, KeyIds, a, b, c, request };
}

/** External starts of an hour ago, before every rotation of these tests. */
async function spendOutside(StreamName: string, count: number): Promise<void> {
  const At = Date.now() - 3_600_000;
  for (let nth = 0; nth < count; nth++) {
    await quotaLedger().recordExternalStart(localStreamArn(StreamName), {
      RequestId: `external-${nth}`,
      KeyId: 'alias/external',
      At: At + nth,
      By: 'terraform',
    });
  }
}

async function keyOf(StreamName: string): Promise<string | undefined> {
  const { StreamDescriptionSummary } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName }),
  );
  return StreamDescriptionSummary?.KeyId;
}

const unchanged = (KeyId: string, reason: RegExp) => ({
  Outcome: 'UNCHANGED',
  KeyId,
  ActiveAt: null,
  Warning: expect.stringMatching(reason),
  Verification: { EncryptionType: 'KMS' },
});

describe('a REVERT', () => {
  it('returns to the key before, proves it, and is not reverted', async () => {
    const { StreamName, a, b, request } = await moved();
    const first = await aws.rotate(request);
    expect(first).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId: b,
      KeyId: a,
      Verification: { EncryptionType: 'KMS' },
      Quota: { Used: 3 },
    });
    expect(first).not.toHaveProperty('Warning');
    expect((await ledgerOf(StreamName)).LastApplied).toMatchObject({
      KeyId: a,
      Previous: { KeyId: b, KeyArn: expect.stringContaining(':key/') },
      IsReturn: true,
    });
    const second = await aws.rotate(request);
    expect(second).toMatchObject({
      ...unchanged(a, /a return is not reverted$/),
      Quota: { Used: 3 },
    });
    expect(await keyOf(StreamName)).toBe(a);
  });

  it('that comes twice at once moves the stream once', async () => {
    const { StreamName, a, request } = await moved();
    const both = await Promise.all([aws.rotate(request), aws.rotate(request)]);
    const ends = both.map(({ Outcome: end }) => end);
    expect(ends.filter((end) => end === 'ROTATED')).toHaveLength(1);
    expect(both.map(({ Status }) => Status)).toEqual([
      'SUCCEEDED',
      'SUCCEEDED',
    ]);
    expect(await keyOf(StreamName)).toBe(a);
    expect((await ledgerOf(StreamName)).Slots).toHaveLength(3);
  });

  it('waits for the rotation that moves the stream on, and reverts it', async () => {
    const { StreamName, KeyIds, b, c, request } = await moved();
    const { states, onEvent } = recordStates();
    let reverting: Promise<Outcome> | undefined;
    const release = Promise.withResolvers<void>();
    const rotation = aws.rotate(
      { StreamName, KeyIds },
      {
        handlers: {
          ...aws.handlers,
          VerifyEncryption: async (event, context) => {
            // It holds the stream until the REVERT has met it.
            reverting ??= aws.rotate(request, {
              onEvent: (one: ExecutionEvent) => {
                onEvent(one);
                if (states.at(-1) === 'WaitForStream') release.resolve();
              },
            });
            await release.promise;
            return aws.handlers.VerifyEncryption?.(event, context);
          },
        },
      },
    );
    expect(await rotation).toMatchObject({ Outcome: 'ROTATED', KeyId: c });
    expect(await reverting).toMatchObject({
      Outcome: 'ROTATED',
      PreviousKeyId: c,
      KeyId: b,
    });
    expect(await keyOf(StreamName)).toBe(b);
  });

  it('leaves a stream where a rollback returned it', async () => {
    const { StreamName, KeyIds, b, request } = await moved();
    const VerifyEncryption = createVerifyEncryption({
      kinesis: faultyKinesis('PutRecord', [
        awsError('KMSAccessDeniedException'),
      ]),
      now: Date.now,
    });
    const failed = await aws.rotate(
      { StreamName, KeyIds },
      {
        handlers: { ...aws.handlers, VerifyEncryption },
        retries: NO_RETRY_PAUSES,
      },
    );
    expect(failed).toMatchObject({ Outcome: 'ROLLED_BACK' });
    expect(await aws.rotate(request)).toMatchObject(
      unchanged(b, /returned to .* a return is not reverted$/),
    );
  });

  it('whose key is refused by the probe returns the stream, once', async () => {
    const { b, request } = await moved();
    const VerifyEncryption = createVerifyEncryption({
      kinesis: faultyKinesis('PutRecord', [
        awsError('KMSAccessDeniedException'),
      ]),
      now: Date.now,
    });
    const failed = await aws.rotate(request, {
      handlers: { ...aws.handlers, VerifyEncryption },
      retries: NO_RETRY_PAUSES,
    });
    expect(failed).toMatchObject({
      Outcome: 'ROLLED_BACK',
      Rollback: { KeyId: b },
    });
    expect(await aws.rotate(request)).toMatchObject(
      unchanged(b, /a return is not reverted$/),
    );
  });

  it('spends no slot where the key before is disabled', async () => {
    const { a, b, request } = await moved();
    const { LastApplied } = await ledgerOf(request.StreamName);
    const KeyId = LastApplied?.Previous?.KeyArn;
    await kms.send(new DisableKeyCommand({ KeyId }));
    const outcome = await aws.rotate(request);
    expect(outcome).toMatchObject({
      ...unchanged(b, new RegExp(`"${a}", has KeyState Disabled`)),
      Quota: { Used: 2 },
    });
  });

  it('takes the last slot, also where a rollback would like a second one', async () => {
    const { StreamName, a, request } = await moved();
    await spendOutside(StreamName, 22);
    const more = { ...request, KeepSlotForRollback: true };
    expect(await aws.rotate(more)).toMatchObject({
      Outcome: 'ROTATED',
      KeyId: a,
      Quota: { Used: 25, Remaining: 0 },
    });
  });

  it('at 25 keys moves nothing, and says when it may', async () => {
    const { StreamName, b, request } = await moved();
    await spendOutside(StreamName, 23);
    expect(await aws.rotate(request)).toMatchObject({
      Error: 'QuotaExhausted',
      SlotsSpent: 0,
    });
    expect(await keyOf(StreamName)).toBe(b);
  });

  it('is refused before a slot for a key outside the ring of the stream', async () => {
    const { StreamName, b, c, request } = await moved();
    const other = { ...request, KeyIds: [b, c] };
    expect(await aws.rotate(other)).toMatchObject({
      ...unchanged(b, /is not a key of the ring now$/),
      Quota: { Used: 2 },
    });
    expect(await keyOf(StreamName)).toBe(b);
  });
});

describe('a RESTORE that an alarm started', () => {
  it('warns where the stream keeps its key', async () => {
    const { b, request } = await moved();
    const outcome = await aws.rotate({ ...request, Mode: 'RESTORE' });
    expect(outcome).toMatchObject(
      unchanged(
        b,
        /helps no writer or reader: the stream already has the key$/,
      ),
    );
  });
});
