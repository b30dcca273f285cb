import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  DescribeExecutionCommand,
  type SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { Outcome, Success } from '../../shared/contract/outcome.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { usage } from '../../shared/ledger/usage.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import type { SmokePlan } from './plan.ts';

const POLL_MS = 1_000;
const PATIENCE_MS = 15 * 60_000;

/** Where the test runs: an account, or the embedded AWS. */
export interface SmokeAws {
  kinesis: KinesisClient;
  sfn: SFNClient;
  dynamodb: DynamoDBClient;
  tableName: string;
  stateMachineArn: string;
  /** Whether the embedded AWS, which has no IAM and asks KMS nothing. */
  isEmbedded: boolean;
}

export interface Step {
  name: string;
  /** Whether the embedded AWS cannot show it. */
  needsAccount?: boolean;
  /** What it proved, for people. */
  run: (aws: SmokeAws, plan: SmokePlan) => Promise<string>;
}

/** In this order: each builds on what the one before it left. */
export const STEPS: readonly Step[] = [
  {
    name: 'encrypts a stream that is not encrypted',
    run: async (aws, { streamName, aliases }) => {
      const outcome = await rotate(aws, streamName, { KeyId: aliases.a });
      return proved(outcome, 'ROTATED', aliases.a);
    },
  },
  {
    name: 'moves it to the next key of a ring',
    run: async (aws, { streamName, aliases }) => {
      const KeyIds = [aliases.a, aliases.b];
      const outcome = await rotate(aws, streamName, { KeyIds });
      return proved(outcome, 'ROTATED', aliases.b);
    },
  },
  {
    name: 'spends nothing where the stream has the key',
    run: async (aws, { streamName, aliases }) => {
      const outcome = await rotate(aws, streamName, { KeyId: aliases.b });
      return proved(outcome, 'UNCHANGED', aliases.b);
    },
  },
  {
    name: 'returns it from a key that denies writers',
    needsAccount: true,
    run: async (aws, { streamName, aliases }) => {
      const outcome = await rotate(aws, streamName, { KeyId: aliases.denied });
      const { Outcome } = outcome;
      expect('Outcome', Outcome, 'ROLLED_BACK');
      expect('KeyId', await keyOf(aws, streamName), aliases.b);
      return `${outcome.Status === 'FAILED' && outcome.Error}, back under ${aliases.b}`;
    },
  },
  {
    name: 'restores it when another principal moved it',
    run: async (aws, { streamName, aliases }) => {
      await aws.kinesis.send(
        new StartStreamEncryptionCommand({
          StreamName: streamName,
          EncryptionType: 'KMS',
          KeyId: 'alias/aws/kinesis',
        }),
      );
      await until('the stream is ACTIVE under alias/aws/kinesis', async () => {
        return (await keyOf(aws, streamName)) === 'alias/aws/kinesis';
      });
      const KeyIds = [aliases.a, aliases.b];
      const outcome = await rotate(aws, streamName, {
        KeyIds,
        Mode: 'RESTORE',
      });
      return proved(outcome, 'ROTATED', aliases.a);
    },
  },
  {
    name: 'leaves nothing behind when it is stopped',
    run: async (aws, { streamName, aliases }) => {
      const { sfn } = aws;
      const { executionArn } = await start(aws, streamName, {
        KeyId: aliases.b,
      });
      const hasLease = async () =>
        (await entryOf(aws, streamName)).Lease !== undefined;
      await until('the rotation has the lease', hasLease);
      await sfn.send(new StopExecutionCommand({ executionArn }));
      await until('no lease is left', async () => !(await hasLease()));
      return 'no lease';
    },
  },
  {
    name: 'counts every applied key',
    run: async (aws, { streamName }) => {
      const entry = await entryOf(aws, streamName);
      const { Used, Limit } = usage(entry, Date.now());
      const reserved = entry.Slots.filter(({ State }) => State !== 'SPENT');
      expect('unused slots', reserved.length, 0);
      if (Used < 3) throw new Error(`The ledger counts ${Used} keys`);
      return `${Used} of ${Limit} slots used`;
    },
  },
];

async function start(aws: SmokeAws, StreamName: string, request: object) {
  const { sfn, stateMachineArn } = aws;
  const Trigger = { Source: 'manual', By: 'smoke test' };
  const input = JSON.stringify({ StreamName, ...request, Trigger });
  return sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
}

async function rotate(
  aws: SmokeAws,
  streamName: string,
  request: object,
): Promise<Outcome> {
  const { executionArn } = await start(aws, streamName, request);
  let outcome: Outcome | undefined;
  await until('the rotation has ended', async () => {
    const { status, output, error, cause } = await aws.sfn.send(
      new DescribeExecutionCommand({ executionArn }),
    );
    if (status === 'RUNNING') return false;
    outcome = output
      ? JSON.parse(output)
      : { Status: 'FAILED', Error: error, Cause: cause };
    return true;
  });
  return withRecord(aws, streamName, outcome as Outcome, executionArn ?? '');
}

/** A failed execution has no output; its record says whether it was rolled back. */
async function withRecord(
  aws: SmokeAws,
  streamName: string,
  outcome: Outcome,
  executionArn: string,
): Promise<Outcome> {
  if (outcome.Status === 'SUCCEEDED') return outcome;
  const streamArn = await arnOf(aws, streamName);
  const records = readHistory(aws.dynamodb, aws.tableName, streamArn);
  for await (const record of records) {
    if (record.RotationId === executionArn) return record;
  }
  return outcome;
}

function proved(outcome: Outcome, expected: Success['Outcome'], key: string) {
  if (outcome.Status === 'FAILED') {
    throw new Error(`${outcome.Error}: ${outcome.Cause}`);
  }
  expect('Outcome', outcome.Outcome, expected);
  expect('KeyId', outcome.KeyId, key);
  expect('EncryptionType', outcome.Verification?.EncryptionType, 'KMS');
  return `${expected} under ${key}, probe ${outcome.Verification?.SequenceNumber}`;
}

function expect(what: string, is: unknown, expected: unknown): void {
  if (is === expected) return;
  throw new Error(`${what} is ${String(is)}, expected ${String(expected)}`);
}

async function keyOf(aws: SmokeAws, streamName: string) {
  const { kinesis } = aws;
  const stream = await describeStream(kinesis, { StreamName: streamName });
  return stream.StreamStatus === 'ACTIVE' ? stream.KeyId : undefined;
}

async function arnOf(aws: SmokeAws, streamName: string): Promise<string> {
  const { kinesis } = aws;
  const stream = await describeStream(kinesis, { StreamName: streamName });
  return stream.StreamARN;
}

async function entryOf(aws: SmokeAws, streamName: string) {
  const { dynamodb, tableName } = aws;
  const ledger = new LedgerReader(dynamodb, tableName);
  return ledger.read(await arnOf(aws, streamName));
}

async function until(what: string, holds: () => Promise<boolean>) {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); ) {
    if (Date.now() > end)
      throw new Error(`Timed out after 15 minutes: ${what}`);
    await delay(POLL_MS);
  }
}
