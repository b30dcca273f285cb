import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SFNClient } from '@aws-sdk/client-sfn';
import { localStateMachine } from '../../local/runner/rotation.ts';
import { openLocalAws } from '../../local/session/local-aws.ts';
import { parseRotations } from '../../shared/config/rotations-file.ts';
import {
  dynamoDbClient,
  kinesisClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import type { Undo } from './account.ts';
import { type SmokePlan, smokeRotations } from './plan.ts';
import type { SmokeAws } from './steps.ts';

/** Starts an embedded AWS of its own, and notes how to end it. */
export async function setUpEmbedded(
  plan: SmokePlan,
  undos: Undo[],
): Promise<SmokeAws> {
  const directory = await mkdtemp(join(tmpdir(), 'smoke-'));
  undos.push({
    what: 'a temporary folder',
    undo: () => rm(directory, { recursive: true }),
  });
  process.env.LOCAL_DIR = directory;
  process.env.LOCAL_UPDATE_SECONDS ??= '0.2';
  process.env.AWS_REGION = plan.region;
  const aws = await openLocalAws(parseRotations(smokeRotations(plan)).Streams, {
    ports: { SFN: 0 },
  });
  undos.push({ what: 'the embedded AWS', undo: () => aws.close() });
  return {
    kinesis: kinesisClient(),
    sfn: new SFNClient({ endpoint: aws.endpoints.SFN ?? '' }),
    dynamodb: dynamoDbClient(),
    tableName: ledgerTableName(),
    stateMachineArn: localStateMachine(plan.region),
    isEmbedded: true,
  };
}
