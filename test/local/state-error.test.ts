import {
  appendFile,
  cp,
  mkdir,
  readdir,
  readFile,
  rm,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { StartStreamEncryptionCommand } from '@aws-sdk/client-kinesis';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
} from 'vitest';
import { openSession } from '../../local/session/session.ts';
import { LocalStateError, stateError } from '../../local/state-error.ts';
import {
  dynamoDbAt,
  kinesisAt,
  REGION,
} from '../support/local/connected-clients.ts';
import {
  type AtEnd,
  temporaryDirectory,
} from '../support/local/temporary-directory.ts';

const undone: Parameters<AtEnd>[0][] = [];
const atEnd: AtEnd = (undo) => undone.push(undo);
let intact: string;

const open = (directory: string) =>
  openSession({
    directory,
    region: REGION,
    updateSeconds: 0,
    rotations: [{ StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] }],
  });

/** A folder with an encrypted stream, keys and a table. */
beforeAll(async () => {
  intact = await temporaryDirectory(atEnd);
  const { endpoints, close } = await open(intact);
  await kinesisAt(endpoints.KINESIS ?? '', atEnd).send(
    new StartStreamEncryptionCommand({
      StreamName: 'orders',
      EncryptionType: 'KMS',
      KeyId: 'alias/a',
    }),
  );
  await dynamoDbAt(endpoints.DYNAMODB ?? '', atEnd).send(
    new CreateTableCommand({
      TableName: 'ledger',
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'Id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'Id', KeyType: 'HASH' }],
    }),
  );
  await close();
});

afterAll(async () => {
  for (const undo of undone.toReversed()) await undo();
});

async function copied(): Promise<string> {
  const directory = await temporaryDirectory();
  await cp(intact, directory, { recursive: true });
  return directory;
}

/** Why a folder cannot be opened, without the name of the folder. */
async function refusal(directory: string): Promise<string> {
  const opening = open(directory).then(async ({ close }) => {
    await close();
    return new Error('it was opened');
  });
  const error = await opening.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LocalStateError);
  return (error as Error).message.replaceAll(directory, '<folder>');
}

const REMEDY =
  'Remove the folder <folder> to begin with an empty embedded AWS; its streams, records, keys and ledger are lost with it';

type Break = (path: string) => Promise<unknown>;
const garbage: Break = (path) => writeFile(path, 'garbage');
const empty: Break = (path) => writeFile(path, '');
const missing: Break = (path) => rm(path);
const half: Break = async (path) => {
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.slice(0, text.length / 2));
};
const aFolder: Break = async (path) => {
  await rm(path, { force: true });
  await mkdir(path);
};
const aFile: Break = async (path) => {
  await rm(path, { recursive: true });
  await writeFile(path, '');
};
const holding =
  (text: string): Break =>
  (path) =>
    writeFile(path, text);
const flippedByte: Break = async (folder) => {
  const names = await readdir(folder);
  const name = names.find((each) => each.endsWith('.log')) ?? '';
  const log = await readFile(join(folder, name));
  log.writeUInt8(log.readUInt8(20) ^ 255, 20);
  await writeFile(join(folder, name), log);
};
const noManifest: Break = async (folder) => {
  const names = await readdir(folder);
  const name = names.find((each) => each.startsWith('MANIFEST-')) ?? '';
  await rm(join(folder, name));
};

describe('a broken folder of the embedded AWS', () => {
  it.each<[part: string, what: string, Break]>([
    ['kms.json', 'garbage', garbage],
    ['kms.json', 'empty', empty],
    ['kms.json', 'half', half],
    ['kms.json', 'missing', missing],
    ['kms.json', 'a folder', aFolder],
    ['kms.json', 'without keys', holding('{"Keys": {}}')],
    [
      'kms.json',
      'an alias without its key',
      holding('{"Keys": {}, "Aliases": {"alias/a": "arn"}}'),
    ],
    ['kinesis/kinesis-data.json', 'garbage', garbage],
    ['kinesis/kinesis-data.json', 'empty', empty],
    ['kinesis/kinesis-data.json', 'half', half],
    ['kinesis/kinesis-data.json', 'a folder', aFolder],
    ['kinesis/kinesis-data.json', 'null', holding('null')],
    [
      'kinesis/kinesis-data.json',
      'not of kinesis-local',
      holding(
        '{"streams": {"a": {"streamStatus": "ACTIVE", "encryptionType": "NONE"}}}',
      ),
    ],
    ['kinesis', 'a file', aFile],
    ['dynamodb', 'a file', aFile],
    ['dynamodb', 'without its MANIFEST', noManifest],
    ['dynamodb', 'damaged in its log', flippedByte],
    ['lock', 'a file', aFile],
    ['lock', 'without its MANIFEST', noManifest],
    ['session.json', 'a folder', aFolder],
  ])('is refused with the remedy: %s %s', async (part, _, breakIt) => {
    const directory = await copied();
    await breakIt(join(directory, part));
    const message = await refusal(directory);

    expect(message).toContain(`The embedded AWS cannot use <folder>/${part}: `);
    expect(message).toContain(REMEDY);
  });

  it.each<[what: string, Break]>([
    ['garbage', garbage],
    ['missing', missing],
  ])('is refused when CURRENT of the tables is %s', async (_, breakIt) => {
    const directory = await copied();
    await breakIt(join(directory, 'dynamodb', 'CURRENT'));

    expect(await refusal(directory)).toContain('<folder>/dynamodb: ');
  });

  it('keeps a kms.json that cannot be read as it is', async () => {
    const directory = await copied();
    const path = join(directory, 'kms.json');
    await half(path);
    const before = await readFile(path, 'utf8');
    await refusal(directory);

    expect(await readFile(path, 'utf8')).toBe(before);
  });

  it('says that damaged tables lose what cannot be read', async () => {
    const directory = await copied();
    await flippedByte(join(directory, 'dynamodb'));

    expect(await refusal(directory)).toMatch(
      /\d+ bytes of its tables were damaged\. The next start goes on without them\./,
    );
  });

  it('may be a file, which is not removed', async () => {
    const path = join(await temporaryDirectory(), 'local');
    await writeFile(path, 'mine');

    expect(await refusal(path)).toMatch(
      /^The embedded AWS cannot use the folder <folder>: .*Remove what is there, or set LOCAL_DIR to another folder$/,
    );
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it.each([
    ['a lock that a dead process left', 'lock/LOCK'],
    ['what a dead process announced', 'session.json'],
    ['the log of the tables that a kill cut off', 'dynamodb/000099.log'],
  ])('is opened in spite of %s', async (_, name) => {
    const directory = await copied();
    await appendFile(join(directory, name), '12345');
    const session = await open(directory);
    onTestFinished(() => session.close());

    expect(session.isOwner).toBe(true);
  });
});

describe('stateError', () => {
  const failed = (message: string, code?: string) =>
    stateError('/x', '/x/kms.json', Object.assign(new Error(message), { code }))
      .message;

  it.each([
    ['ENOSPC: no space left on device, write', 'ENOSPC'],
    ['IO error: /x/lock: No space left on device', undefined],
    ['EDQUOT: quota exceeded', 'EDQUOT'],
  ])('asks for space: %s', (message, code) => {
    expect(failed(message, code)).toBe(
      `The embedded AWS cannot use /x/kms.json: ${message}. Free space on the disk, or set LOCAL_DIR to a folder elsewhere`,
    );
  });

  it.each([
    ['EACCES: permission denied, open', 'EACCES'],
    ['IO error: /x/LOCK: Permission denied', undefined],
    ['EPERM: operation not permitted, open', 'EPERM'],
    ['EROFS: read-only file system, open', 'EROFS'],
  ])('loses nothing where this user may not write: %s', (message, code) => {
    expect(failed(message, code)).toContain('LOCAL_DIR');
    expect(failed(message, code)).not.toContain('Remove');
  });
});
