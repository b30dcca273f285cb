import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { ListTablesCommand } from '@aws-sdk/client-dynamodb';
import {
  DescribeStreamSummaryCommand,
  ListStreamsCommand,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, ListAliasesCommand } from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type EmbeddedAwsOptions,
  LOCAL_ACCOUNT,
  PortInUseError,
  startEmbeddedAws,
} from '../../../local/session/embedded-aws.ts';
import { SERVICES } from '../../../local/session/endpoints.ts';
import {
  dynamoDbAt,
  kinesisAt,
  kmsAt,
  REGION,
} from '../../support/local/connected-clients.ts';
import { listen } from '../../support/local/listen.ts';
import {
  CAN_LIST_SOCKETS,
  listeningSockets,
} from '../../support/local/listening-sockets.ts';
import { takenPort } from '../../support/local/taken-port.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const GUID = '12345678-1234-1234-1234-123456789012';
const ROTATIONS = [
  { StreamName: 'orders', KeyIds: ['alias/orders-a', GUID] },
  { StreamName: 'payments', KeyIds: ['alias/payments-a', 'alias/orders-a'] },
];

async function running(options: Partial<EmbeddedAwsOptions> = {}) {
  const directory = options.directory ?? (await temporaryDirectory());
  const embedded = await startEmbeddedAws({
    region: REGION,
    updateSeconds: 0,
    rotations: ROTATIONS,
    ...options,
    directory,
  });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= embedded.close());
  onTestFinished(close);
  return { directory, endpoints: embedded.endpoints, close };
}

/** A service of another principal: keeps what it is asked, and refuses it. */
async function somebodyElses() {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(String(request.headers['x-amz-target']));
    response.writeHead(400).end('{"__type": "AccessDeniedException"}');
  });
  return { endpoint: await listen(server), requests };
}

async function describeKey(endpoint: string, KeyId: string) {
  const { KeyMetadata } = await kmsAt(endpoint).send(
    new DescribeKeyCommand({ KeyId }),
  );
  return KeyMetadata;
}

describe('startEmbeddedAws', () => {
  it('creates the streams and keys of the rotations', async () => {
    const { endpoints } = await running();
    const kinesis = kinesisAt(endpoints.KINESIS);

    for (const { StreamName } of ROTATIONS) {
      const { StreamDescriptionSummary } = await kinesis.send(
        new DescribeStreamSummaryCommand({ StreamName }),
      );
      expect(StreamDescriptionSummary).toMatchObject({
        StreamARN: `arn:aws:kinesis:${REGION}:${LOCAL_ACCOUNT}:stream/${StreamName}`,
        StreamStatus: 'ACTIVE',
        EncryptionType: 'NONE',
      });
    }
    const { Aliases } = await kmsAt(endpoints.KMS).send(
      new ListAliasesCommand({}),
    );
    expect(Aliases?.map((alias) => alias.AliasName).sort()).toEqual([
      'alias/aws/kinesis',
      'alias/orders-a',
      'alias/payments-a',
    ]);
    expect((await describeKey(endpoints.KMS, GUID))?.Arn).toBe(
      `arn:aws:kms:${REGION}:${LOCAL_ACCOUNT}:key/${GUID}`,
    );
    expect(
      await dynamoDbAt(endpoints.DYNAMODB).send(new ListTablesCommand({})),
    ).toMatchObject({ TableNames: [] });
  });

  it('goes on with what it had, and adds what is new', async () => {
    const first = await running();
    const before = await describeKey(first.endpoints.KMS, 'alias/orders-a');
    await first.close();
    const { endpoints } = await running({
      directory: first.directory,
      rotations: [
        ...ROTATIONS,
        { StreamName: 'refunds', KeyIds: ['alias/refunds-a', GUID] },
      ],
    });

    expect(await describeKey(endpoints.KMS, 'alias/orders-a')).toEqual(before);
    const { StreamNames } = await kinesisAt(endpoints.KINESIS).send(
      new ListStreamsCommand({}),
    );
    expect(StreamNames?.sort()).toEqual(['orders', 'payments', 'refunds']);
  });

  it.each([
    ['KINESIS', 'kinesis'],
    ['DYNAMODB', 'dynamodb'],
    ['KMS', 'kms.json'],
  ] as const)(
    'leaves a %s that runs elsewhere alone',
    async (service, kept) => {
      const { endpoint, requests } = await somebodyElses();
      const { directory, endpoints } = await running({
        external: { [service]: endpoint },
      });

      expect(endpoints[service]).toBe(endpoint);
      expect(new Set(Object.values(endpoints)).size).toBe(SERVICES.length);
      expect(requests).toEqual([]);
      expect(existsSync(join(directory, kept))).toBe(false);
    },
  );

  it.each(SERVICES)(
    'says that the port of %s is taken, and leaves nothing running',
    async (service) => {
      const directory = await temporaryDirectory();
      const port = await takenPort();
      const before = CAN_LIST_SOCKETS && (await listeningSockets());
      const failure = await running({
        directory,
        ports: { [service]: port },
      }).catch((error: unknown) => error);

      expect(failure).toBeInstanceOf(PortInUseError);
      expect(failure).toMatchObject({
        service,
        port,
        message: `Port ${port} for ${service} is in use`,
      });
      expect(CAN_LIST_SOCKETS && (await listeningSockets())).toEqual(before);

      const { endpoints } = await running({ directory });
      expect(await describeKey(endpoints.KMS, GUID)).toBeDefined();
    },
  );

  it.runIf(CAN_LIST_SOCKETS)('closes all that it opened', async () => {
    const { endpoints, close } = await running();
    const ports = (await listeningSockets()).map((socket) => socket.port);
    expect(ports).toEqual(
      expect.arrayContaining(
        Object.values(endpoints).map((url) => Number(new URL(url).port)),
      ),
    );
    await close();

    expect(await listeningSockets()).toEqual([]);
  });
});
