import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis';
import {
  DescribeExecutionCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import {
  afterEach,
  beforeEach,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import {
  localExecutions,
  localStateMachine,
  runRotation,
} from '../../../local/runner/rotation.ts';
import { startKinesis } from '../../../local/services/kinesis.ts';
import { SERVICES } from '../../../local/session/endpoints.ts';
import { openLocalAws } from '../../../local/session/local-aws.ts';
import { ledgerTableName } from '../../../shared/lambda/clients.ts';
import { NO_NOTIFIER, notifier } from '../../../shared/lambda/notifier.ts';
import { QuotaLedger } from '../../../shared/ledger/quota-ledger.ts';
import {
  kinesisAt,
  stepFunctionsAt,
} from '../../support/local/connected-clients.ts';

const ROTATIONS = [{ StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] }];
const ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'local-aws-'));
  vi.stubEnv('LOCAL_DIR', directory);
  vi.stubEnv('LOCAL_UPDATE_SECONDS', '0.1');
  forgetEndpoints();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true, force: true });
});

/** As in a new process, where the last one's variables are gone. */
function forgetEndpoints() {
  for (const service of SERVICES) {
    vi.stubEnv(`AWS_ENDPOINT_URL_${service}`, undefined);
  }
}

async function withLedger<T>(work: (ledger: QuotaLedger) => Promise<T>) {
  const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
  const client = new DynamoDBClient();
  const name = ledgerTableName();
  const result = await work(new QuotaLedger(client, name));
  client.destroy();
  return result;
}

describe('openLocalAws', () => {
  it('settles what a killed process left behind', async () => {
    const first = await openLocalAws(ROTATIONS);
    const lease = (RotationId: string, stream: string) =>
      withLedger((ledger) =>
        ledger.reserve(stream, {
          RotationId,
          StartedAt: new Date().toISOString(),
          KeyId: 'alias/a',
          KeyArn: 'arn',
          PreviousKeyId: null,
          PreviousKeyArn: null,
          LastAppliedAt: null,
          LeaseMs: 3_600_000,
        }),
      );
    await lease(`${localExecutions(first.region)}killed`, ARN);
    await lease('arn:aws:states:eu-west-1:1:execution:x:y', `${ARN}-deployed`);
    await first.close();

    forgetEndpoints();
    vi.resetModules();
    const { openLocalAws: reopen } = await import(
      '../../../local/session/local-aws.ts'
    );
    const second = await reopen(ROTATIONS);
    const entry = await withLedger((ledger) => ledger.read(ARN));
    const other = await withLedger((ledger) => ledger.read(`${ARN}-deployed`));
    await second.close();
    expect(entry).not.toHaveProperty('Lease');
    expect(entry.Slots).toEqual([]);
    expect(other).toHaveProperty('Lease');
  });

  it.each(['soon', '-1', '1e9'])(
    'refuses LOCAL_UPDATE_SECONDS %s',
    async (text) => {
      vi.stubEnv('LOCAL_UPDATE_SECONDS', text);
      await expect(openLocalAws(ROTATIONS)).rejects.toMatchObject({
        name: 'SettingError',
        message: expect.stringContaining(text),
      });
    },
  );

  it('is not put off by variables that are for AWS itself', async () => {
    vi.stubEnv('AWS_USE_FIPS_ENDPOINT', 'true');
    vi.stubEnv('AWS_USE_DUALSTACK_ENDPOINT', 'true');
    vi.stubEnv('AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'true');
    vi.stubEnv('AWS_PROFILE', 'nobody');
    vi.stubEnv('EVENT_BUS_NAME', 'default');
    const aws = await openLocalAws(ROTATIONS);
    expect(notifier()).toBe(NO_NOTIFIER);
    expect(await withLedger((ledger) => ledger.read(ARN))).toMatchObject({
      Version: 0,
    });
    await aws.close();
  });

  it('runs a rotation that another principal starts', async () => {
    // The functions keep the endpoints that they were first given.
    vi.resetModules();
    const { openLocalAws: open } = await import(
      '../../../local/session/local-aws.ts'
    );
    const aws = await open(ROTATIONS);
    const client = stepFunctionsAt(aws.endpoints.SFN ?? '');
    const { executionArn } = await client.send(
      new StartExecutionCommand({
        stateMachineArn: localStateMachine(aws.region),
        name: 'mine',
        input: JSON.stringify({ StreamName: 'nowhere', KeyId: 'alias/a' }),
      }),
    );
    expect(executionArn).toBe(`${localExecutions(aws.region)}mine`);
    await expect
      .poll(() => client.send(new DescribeExecutionCommand({ executionArn })), {
        timeout: 30_000,
      })
      .toMatchObject({ status: 'FAILED', error: 'ResourceNotFoundException' });
    await aws.close();
  });

  it('runs rotations in the account that another Kinesis has', async () => {
    const account = '111122223333';
    const kinesis = await startKinesis({
      directory: join(directory, 'elsewhere'),
      port: 0,
      region: 'us-east-1',
      account,
      updateSeconds: 0,
    });
    onTestFinished(kinesis.close);
    await kinesisAt(kinesis.endpoint).send(
      new CreateStreamCommand({ StreamName: 'orders', ShardCount: 1 }),
    );
    vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', kinesis.endpoint);
    vi.resetModules();
    const { openLocalAws: open } = await import(
      '../../../local/session/local-aws.ts'
    );
    const aws = await open(ROTATIONS);
    onTestFinished(() => aws.close());
    const { region, handlers } = aws;
    const request = { StreamName: 'orders', KeyId: 'alias/unknown' };
    const outcome = await runRotation({
      request,
      handlers,
      region,
      account: aws.account,
    });
    expect(outcome).toMatchObject({
      Error: 'NotFoundException',
      RotationId: expect.stringContaining(account),
      StreamARN: ARN.replace('000000000000', account),
    });
  });

  it('does not borrow a service that the owner has elsewhere', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_KINESIS', 'http://127.0.0.1:1');
    const owner = await openLocalAws(ROTATIONS);
    forgetEndpoints();
    await expect(openLocalAws(ROTATIONS)).rejects.toMatchObject({
      name: 'SettingError',
      message: expect.stringContaining('AWS_ENDPOINT_URL_KINESIS'),
    });
    await owner.close();
  });

  it('uses other services as they are, and creates but the ledger table', async () => {
    const elsewhere = await openLocalAws(ROTATIONS);
    vi.stubEnv('LOCAL_DIR', join(directory, 'unused'));
    vi.stubEnv('LEDGER_TABLE_NAME', 'another-ledger');
    const client = await openLocalAws([]);
    const { SFN, ...services } = elsewhere.endpoints;
    expect(client.endpoints).toEqual(services);
    expect(await withLedger((ledger) => ledger.read(ARN))).toMatchObject({
      Version: 0,
    });
    await client.close();

    const forOthers = await openLocalAws([], { ports: { SFN: 0 } });
    expect(forOthers.endpoints).toEqual({
      ...services,
      SFN: expect.stringMatching(/^http:/),
    });
    expect(forOthers.endpoints.SFN).not.toBe(SFN);
    await forOthers.close();
    await elsewhere.close();
  });
});
