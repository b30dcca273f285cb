import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DescribeStreamSummaryCommand } from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand } from '@aws-sdk/client-kms';
import { ClassicLevel } from 'classic-level';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type EmbeddedAwsOptions,
  PortInUseError,
} from '../../../local/session/embedded-aws.ts';
import { openSession, type Session } from '../../../local/session/session.ts';
import {
  kinesisAt,
  kmsAt,
  REGION,
} from '../../support/local/connected-clients.ts';
import { listensAt } from '../../support/local/listening-sockets.ts';
import { takenPort } from '../../support/local/taken-port.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const AT_ONCE = AbortSignal.abort();

async function open(
  directory: string,
  options: Partial<EmbeddedAwsOptions> = {},
): Promise<Session> {
  const session = await openSession({
    directory,
    region: REGION,
    updateSeconds: 0,
    rotations: [{ StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] }],
    ...options,
  });
  let closing: Promise<void> | undefined;
  const close: Session['close'] = (how) => (closing ??= session.close(how));
  onTestFinished(() => close({ now: AT_ONCE }));
  return { ...session, close };
}

async function openInAProcess(directory: string) {
  const child = fork(
    new URL('../../support/local/session-process.ts', import.meta.url),
    [directory],
    { execArgv: [] },
  );
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const [{ endpoints, isOwner }] = (await once(child, 'message')) as [Session];
  return {
    endpoints,
    isOwner,
    close: async () => {
      child.send('close');
      await exited;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function keyArn({ endpoints }: Pick<Session, 'endpoints'>) {
  const { KeyMetadata } = await kmsAt(endpoints.KMS ?? '').send(
    new DescribeKeyCommand({ KeyId: 'alias/a' }),
  );
  return KeyMetadata?.Arn;
}

/** Begins to close an owner's session; resolves when it waits for clients. */
async function beginToClose(owner: Session, now?: AbortSignal) {
  const counts: number[] = [];
  let closed = false;
  let waiting = () => {};
  const isWaiting = new Promise<void>((resolve) => {
    waiting = resolve;
  });
  const done = owner
    .close({
      now,
      onClients: (count) => {
        counts.push(count);
        waiting();
      },
    })
    .then(() => {
      closed = true;
    });
  await Promise.race([isWaiting, done]);
  return { counts, done, isClosed: () => closed };
}

describe('openSession', () => {
  it('lets a second process join as a client', async () => {
    const directory = await temporaryDirectory();
    const owner = await open(directory);
    const client = await openInAProcess(directory);

    expect(owner.isOwner).toBe(true);
    expect(client.isOwner).toBe(false);
    expect(client.endpoints).toEqual(owner.endpoints);
    await client.close();
    expect(await keyArn(owner)).toBeDefined();
  });

  it('goes on for its clients when its owner wants to close it', async () => {
    const directory = await temporaryDirectory();
    const owner = await open(directory);
    const first = await openInAProcess(directory);
    const second = await open(directory);
    const { counts, done, isClosed } = await beginToClose(owner);

    expect(counts).toEqual([2]);
    await second.close();
    expect(await keyArn(first)).toBeDefined();
    expect(isClosed()).toBe(false);
    await first.close();
    await done;
    expect(counts.at(-1)).toBe(1);
    expect(await listensAt(first.endpoints.KMS)).toBe(false);
    expect(existsSync(join(directory, 'session.json'))).toBe(false);
  });

  it('does not wait for a client that was killed', async () => {
    const directory = await temporaryDirectory();
    const owner = await open(directory);
    const client = await openInAProcess(directory);
    const { counts, done } = await beginToClose(owner);
    await client.kill();
    await done;

    expect(counts).toEqual([1]);
  });

  it('leaves its clients when it has to close now', async () => {
    const directory = await temporaryDirectory();
    const owner = await open(directory);
    const client = await openInAProcess(directory);
    const now = new AbortController();
    const { done } = await beginToClose(owner, now.signal);
    now.abort();
    await done;

    expect(await listensAt(client.endpoints.KMS)).toBe(false);
    await client.close();
  });

  it('has one owner when several processes come at once', async () => {
    const directory = await temporaryDirectory();
    const sessions = await Promise.all([
      openInAProcess(directory),
      openInAProcess(directory),
    ]);
    const [first, second] = sessions;

    expect(sessions.map((session) => session.isOwner).sort()).toEqual([
      false,
      true,
    ]);
    expect(first?.endpoints).toEqual(second?.endpoints);
  });

  it('opens a folder again whose owner was killed', async () => {
    const directory = await temporaryDirectory();
    const killed = await openInAProcess(directory);
    expect(killed.isOwner).toBe(true);
    const before = await keyArn(killed);
    await killed.kill();
    expect(existsSync(join(directory, 'session.json'))).toBe(true);

    const owner = await open(directory);
    expect(owner.isOwner).toBe(true);
    expect(await keyArn(owner)).toBe(before);
    const { StreamDescriptionSummary } = await kinesisAt(
      owner.endpoints.KINESIS ?? '',
    ).send(new DescribeStreamSummaryCommand({ StreamName: 'orders' }));
    expect(StreamDescriptionSummary?.StreamStatus).toBe('ACTIVE');
    const client = await openInAProcess(directory);
    expect(client).toMatchObject({
      isOwner: false,
      endpoints: owner.endpoints,
    });
  });

  it('does not take a stranger for the owner that a killed one announced', async () => {
    const directory = await temporaryDirectory();
    const lock = new ClassicLevel(join(directory, 'lock'));
    await lock.open();
    const stranger = createServer((socket) => socket.end('220 welcome\n'));
    onTestFinished(() => void stranger.close());
    stranger.listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    await writeFile(
      join(directory, 'session.json'),
      JSON.stringify(stranger.address()),
    );

    const opening = open(directory);
    await once(stranger, 'connection');
    await lock.close();

    expect((await opening).isOwner).toBe(true);
  });

  it('announces only what it runs itself', async () => {
    const directory = await temporaryDirectory();
    const external = { KINESIS: 'http://127.0.0.1:1' };
    const owner = await open(directory, { external });
    const client = await open(directory);

    expect(client.isOwner).toBe(false);
    expect(Object.keys(client.endpoints).sort()).toEqual([
      'CLOUDWATCH',
      'DYNAMODB',
      'KMS',
    ]);
    await client.close();
    await owner.close();
  });

  it('stops waiting for an owner that neither welcomes nor leaves', async () => {
    const directory = await temporaryDirectory();
    const lock = new ClassicLevel(join(directory, 'lock'));
    await lock.open();
    onTestFinished(() => lock.close());
    const abort = new AbortController();
    const opening = openSession(
      { directory, region: REGION, updateSeconds: 0, rotations: [] },
      abort.signal,
    );
    abort.abort('SIGINT');

    await expect(opening).rejects.toBe('SIGINT');
  });

  it('leaves the folder free when the embedded AWS cannot start', async () => {
    const directory = await temporaryDirectory();
    const ports = { KMS: await takenPort() };
    await expect(open(directory, { ports })).rejects.toBeInstanceOf(
      PortInUseError,
    );

    expect((await open(directory)).isOwner).toBe(true);
  });

  it('may be closed and opened again', async () => {
    const directory = await temporaryDirectory();
    const first = await open(directory);
    const before = await keyArn(first);
    await first.close();
    const second = await open(directory);

    expect(second.isOwner).toBe(true);
    expect(await keyArn(second)).toBe(before);
  });
});
