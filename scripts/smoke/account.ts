import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  DeleteTableCommand,
  DynamoDBClient,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  type KinesisClient,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  GetKeyPolicyCommand,
  KMSClient,
  PutKeyPolicyCommand,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { SFNClient } from '@aws-sdk/client-sfn';
import { findDeployment } from '../../cli/environment/deployment.ts';
import { kinesisClient } from '../../shared/lambda/clients.ts';
import { type SmokePlan, smokeRotations } from './plan.ts';
import type { SmokeAws } from './steps.ts';

const run = promisify(execFile);
const WAIT_SECONDS = 300;

/** Undoes one thing that was made, for people by what it is. */
export interface Undo {
  what: string;
  undo: () => Promise<unknown>;
}

/** Makes what the test needs in an account, and notes how to remove it. */
export async function setUpAccount(
  plan: SmokePlan,
  undos: Undo[],
  say: (line: string) => void,
): Promise<SmokeAws> {
  const { region, stage } = plan;
  process.env.AWS_REGION = region;
  const kinesis = kinesisClient();
  const kms = new KMSClient();
  const dynamodb = new DynamoDBClient();
  say('Making the stream and the keys');
  await makeStream(kinesis, plan.streamName, undos);
  for (const [name, alias] of Object.entries(plan.aliases)) {
    await makeKey(kms, alias, name === 'denied', undos);
  }
  const directory = await mkdtemp(join(tmpdir(), 'smoke-'));
  undos.push({
    what: 'a temporary folder',
    undo: () => rm(directory, { recursive: true }),
  });
  const rotations = join(directory, 'rotations.yml');
  await writeFile(rotations, smokeRotations(plan));
  const packager = (command: string) =>
    run('node', [
      'cli/main.ts',
      command,
      '--stage',
      stage,
      '--region',
      region,
      '--rotations',
      rotations,
      '--yes',
    ]);
  say('Deploying');
  undos.push({ what: 'the stack', undo: () => packager('remove') });
  await packager('deploy');
  const { StateMachineArn, LedgerTableName } = await findDeployment(stage);
  // The stack keeps its table.
  undos.unshift({
    what: `the table ${LedgerTableName}`,
    undo: async () => {
      const TableName = LedgerTableName;
      const DeletionProtectionEnabled = false;
      await dynamodb.send(
        new UpdateTableCommand({ TableName, DeletionProtectionEnabled }),
      );
      await dynamodb.send(new DeleteTableCommand({ TableName }));
    },
  });
  return {
    kinesis,
    sfn: new SFNClient(),
    dynamodb,
    tableName: LedgerTableName,
    stateMachineArn: StateMachineArn,
    isEmbedded: false,
  };
}

async function makeStream(
  kinesis: KinesisClient,
  StreamName: string,
  undos: Undo[],
): Promise<void> {
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  undos.push({
    what: `the stream ${StreamName}`,
    undo: () => kinesis.send(new DeleteStreamCommand({ StreamName })),
  });
  await waitUntilStreamExists(
    { client: kinesis, maxWaitTime: WAIT_SECONDS },
    { StreamName },
  );
}

/** @param isDenied whether its policy denies every principal the key for data */
async function makeKey(
  kms: KMSClient,
  AliasName: string,
  isDenied: boolean,
  undos: Undo[],
): Promise<void> {
  const { KeyMetadata } = await kms.send(
    new CreateKeyCommand({ Description: 'kinesis-key-rotation smoke test' }),
  );
  const KeyId = KeyMetadata?.KeyId;
  undos.push({
    what: `the key of ${AliasName}, in 7 days`,
    undo: () =>
      kms.send(
        new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }),
      ),
  });
  await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyId }));
  undos.push({
    what: AliasName,
    undo: () => kms.send(new DeleteAliasCommand({ AliasName })),
  });
  if (isDenied) await denyWriters(kms, KeyId);
}

async function denyWriters(
  kms: KMSClient,
  KeyId: string | undefined,
): Promise<void> {
  const { Policy = '{}' } = await kms.send(new GetKeyPolicyCommand({ KeyId }));
  const { Statement, ...rest } = JSON.parse(Policy);
  const deny = {
    Sid: 'SmokeTest',
    Effect: 'Deny',
    Principal: '*',
    Action: 'kms:GenerateDataKey*',
    Resource: '*',
  };
  await kms.send(
    new PutKeyPolicyCommand({
      KeyId,
      Policy: JSON.stringify({ ...rest, Statement: [...Statement, deny] }),
    }),
  );
}
