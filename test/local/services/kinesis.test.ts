import { once } from 'node:events';
import { open, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TimerOptions } from 'node:timers';
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  PutRecordCommand,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startKinesis } from '../../../local/services/kinesis.ts';
import { closed } from '../../support/local/closed.ts';
import {
  ACCOUNT,
  kinesisAt,
  REGION,
} from '../../support/local/connected-clients.ts';
import {
  CAN_LIST_SOCKETS,
  listeningSockets,
  listensAt,
} from '../../support/local/listening-sockets.ts';
import { takenPort } from '../../support/local/taken-port.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const StreamName = 'orders';
/** The worker ends by itself: the time after which it is killed never comes. */
vi.mock('node:timers/promises', () => ({
  setTimeout: (_ms: number, _value: unknown, { signal }: TimerOptions) =>
    once(signal as AbortSignal, 'abort'),
}));
const FOR_EVER_SECONDS = 3_600;

async function running({
  directory = '',
  updateSeconds = 0,
  port = 0,
}: Partial<Parameters<typeof startKinesis>[0]> = {}) {
  const service = await startKinesis({
    directory: directory || (await temporaryDirectory()),
    port,
    region: REGION,
    account: ACCOUNT,
    updateSeconds,
  });
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= service.close());
  onTestFinished(close);
  return {
    endpoint: service.endpoint,
    close,
    kinesis: kinesisAt(service.endpoint),
  };
}

async function summary(kinesis: KinesisClient) {
  const { StreamDescriptionSummary } = await kinesis.send(
    new DescribeStreamSummaryCommand({ StreamName }),
  );
  return StreamDescriptionSummary;
}

async function untilActive(kinesis: KinesisClient) {
  await vi.waitFor(
    async () => {
      expect((await summary(kinesis))?.StreamStatus).toBe('ACTIVE');
    },
    { timeout: 60_000, interval: 10 },
  );
}

async function createStream(kinesis: KinesisClient) {
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  await untilActive(kinesis);
}

const startEncryption = (kinesis: KinesisClient) =>
  kinesis.send(
    new StartStreamEncryptionCommand({
      StreamName,
      EncryptionType: 'KMS',
      KeyId: 'alias/orders-a',
    }),
  );

// kinesis-local takes 1,024 connections at a time.
describe('startKinesis', () => {
  it('serves the account and Region that it was given', async () => {
    const { kinesis } = await running();
    await createStream(kinesis);

    expect(await summary(kinesis)).toMatchObject({
      StreamARN: `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/${StreamName}`,
      EncryptionType: 'NONE',
    });
  });

  it('keeps a stream UPDATING', async () => {
    const { kinesis } = await running({ updateSeconds: FOR_EVER_SECONDS });
    await createStream(kinesis);
    await startEncryption(kinesis);

    expect((await summary(kinesis))?.StreamStatus).toBe('UPDATING');
  });

  it('updates a stream for the configured time', async () => {
    const { kinesis } = await running({ updateSeconds: 0.4 });
    await createStream(kinesis);
    const startedAt = performance.now();
    await startEncryption(kinesis);
    await untilActive(kinesis);

    expect(performance.now() - startedAt).toBeGreaterThan(350);
    expect(await summary(kinesis)).toMatchObject({
      EncryptionType: 'KMS',
      KeyId: 'alias/orders-a',
    });
  });

  it('has streams, keys and records again after a restart', async () => {
    const directory = await temporaryDirectory();
    const first = await running({ directory });
    await createStream(first.kinesis);
    await startEncryption(first.kinesis);
    await untilActive(first.kinesis);
    const { ShardId, SequenceNumber } = await first.kinesis.send(
      new PutRecordCommand({
        StreamName,
        PartitionKey: 'a',
        Data: Buffer.from('kept'),
      }),
    );
    await first.close();

    const { kinesis } = await running({ directory });
    expect(await summary(kinesis)).toMatchObject({
      StreamStatus: 'ACTIVE',
      EncryptionType: 'KMS',
      KeyId: 'alias/orders-a',
    });
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({
        StreamName,
        ShardId,
        ShardIteratorType: 'TRIM_HORIZON',
      }),
    );
    const { Records = [] } = await kinesis.send(
      new GetRecordsCommand({ ShardIterator }),
    );
    expect(Records).toHaveLength(1);
    expect(Records[0]).toMatchObject({ SequenceNumber, EncryptionType: 'KMS' });
    expect(Buffer.from(Records[0]?.Data ?? []).toString()).toBe('kept');
  });

  it('finishes at its next start an update that its end cut off', async () => {
    const directory = await temporaryDirectory();
    const first = await running({
      directory,
      updateSeconds: FOR_EVER_SECONDS,
    });
    await createStream(first.kinesis);
    await startEncryption(first.kinesis);
    expect((await summary(first.kinesis))?.StreamStatus).toBe('UPDATING');
    await first.close();

    const { kinesis } = await running({
      directory,
      updateSeconds: FOR_EVER_SECONDS,
    });
    expect(await summary(kinesis)).toMatchObject({
      StreamStatus: 'ACTIVE',
      KeyId: 'alias/orders-a',
    });
    await startEncryption(kinesis);
    expect((await summary(kinesis))?.StreamStatus).toBe('UPDATING');
  });

  it('replaces its file, never overwrites it, so that a kill leaves no half', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'kinesis-data.json');
    const first = await running({ directory });
    await first.close();
    const second = await running({ directory });
    const before = await readFile(path, 'utf8');
    const reader = await open(path);
    onTestFinished(() => reader.close());
    await createStream(second.kinesis);
    await second.close();

    expect(await reader.readFile('utf8')).toBe(before);
    expect(await readFile(path, 'utf8')).toContain(StreamName);
    expect(await readdir(directory)).toEqual(['kinesis-data.json']);
  });

  it('removes the draft of a process that was killed', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'kinesis-data.json.7.draft'), '{"str');
    const { close } = await running({ directory });
    await close();

    expect(await readdir(directory)).toEqual(['kinesis-data.json']);
  });

  it('leaves no draft of a save that its end cuts off', async () => {
    const directory = await temporaryDirectory();
    const { close } = await running({ directory });
    await writeFile(join(directory, 'kinesis-data.json.7.draft'), '{"str');
    await close();

    expect(await readdir(directory)).toEqual(['kinesis-data.json']);
  });

  it('ends at once, although clients keep their connections open', async () => {
    const { endpoint, close, kinesis } = await running();
    await createStream(kinesis);
    const idle = connect(Number(new URL(endpoint).port), '127.0.0.1');
    onTestFinished(() => {
      idle.destroy();
    });
    await once(idle, 'connect');
    const hungUp = closed(idle);

    await close();
    await hungUp;
    expect(await listensAt(endpoint)).toBe(false);
  });

  it.runIf(CAN_LIST_SOCKETS)('listens on 127.0.0.1 only', async () => {
    const { endpoint, close } = await running();
    const sockets = await listeningSockets();

    expect(sockets).toContainEqual({
      port: Number(new URL(endpoint).port),
      isLoopback: true,
    });
    expect(sockets.filter((socket) => !socket.isLoopback)).toEqual([]);
    await close();
    expect(await listeningSockets()).toEqual([]);
  });

  it('rejects a port that is taken', async () => {
    const port = await takenPort();
    const before = CAN_LIST_SOCKETS && (await listeningSockets());

    await expect(running({ port })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    expect(CAN_LIST_SOCKETS && (await listeningSockets())).toEqual(before);
  });
});
