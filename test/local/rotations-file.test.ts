import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  parseRotations,
  RotationsFileError,
  readRotationsFile,
} from '../../local/rotations-file.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const GUID = '12345678-1234-1234-1234-123456789012';
const ORDERS = '{StreamName: orders, KeyIds: [alias/a, alias/b]}';

function failure(text: string): unknown {
  try {
    return parseRotations(text);
  } catch (error) {
    return error;
  }
}

describe('parseRotations', () => {
  it('reads streams and their rings, in their order', () => {
    const text = `
Streams:
  - StreamName: orders_2.x-y
    KeyIds:
      - alias/orders-b
      - alias/orders-a
  - KeyIds: [${GUID}, "arn:aws-cn:kms:cn-north-1:000000000000:alias/x"]
    StreamName: payments
`;

    expect(parseRotations(text)).toEqual([
      {
        StreamName: 'orders_2.x-y',
        KeyIds: ['alias/orders-b', 'alias/orders-a'],
      },
      {
        StreamName: 'payments',
        KeyIds: [GUID, 'arn:aws-cn:kms:cn-north-1:000000000000:alias/x'],
      },
    ]);
  });

  it('reads JSON, which is YAML', () => {
    expect(
      parseRotations(
        '{"Streams": [{"StreamName": "orders", "KeyIds": ["alias/a", "alias/b"]}]}',
      ),
    ).toEqual([{ StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] }]);
  });

  it.each([
    ['text that is no YAML', 'Streams: [', ['is not YAML']],
    ['an empty file', '', ['rotations.yml']],
    ['a list', '[]', ['rotations.yml']],
    ['no Streams', '{}', ['Streams']],
    ['Streams that are no list', 'Streams: orders', ['Streams', '"orders"']],
    ['no stream', 'Streams: []', ['Streams is empty']],
    ['another section', `{Streams: [${ORDERS}], Alarms: []}`, ['Alarms']],
    [
      'a stream that is only a name',
      `Streams: [${ORDERS}, payments]`,
      ['Streams.1', '"payments"'],
    ],
    [
      'an unknown field',
      'Streams: [{StreamName: orders, KeyIds: [alias/a, alias/b], Shards: 2}]',
      ['Streams[0]', '"Shards"', 'StreamName, KeyIds'],
    ],
    [
      'a stream without a name',
      `Streams: [${ORDERS}, {KeyIds: [alias/a, alias/b]}]`,
      ['Streams[1]', 'StreamName ""'],
    ],
    [
      'a malformed name',
      'Streams: [{StreamName: "my orders", KeyIds: [alias/a, alias/b]}]',
      ['Streams[0]', 'StreamName "my orders"'],
    ],
    [
      'a name that is a number',
      'Streams: [{StreamName: 7, KeyIds: [alias/a, alias/b]}]',
      ['Streams[0]', 'StreamName 7'],
    ],
    [
      'no ring',
      `Streams: [${ORDERS}, {StreamName: payments}]`,
      ['Streams[1]', 'KeyIds []'],
    ],
    [
      'a ring of one',
      'Streams: [{StreamName: orders, KeyIds: [alias/a]}]',
      ['Streams[0]', 'KeyIds ["alias/a"]', 'ring of 1'],
    ],
    [
      'a ring that is one text',
      'Streams: [{StreamName: orders, KeyIds: "alias/a,alias/b"}]',
      ['Streams[0]', 'KeyIds "alias/a,alias/b"'],
    ],
    [
      'a malformed key',
      'Streams: [{StreamName: orders, KeyIds: [alias/a, orders-b]}]',
      ['Streams[0]', 'KeyIds "orders-b"'],
    ],
    [
      'a key named twice',
      'Streams: [{StreamName: orders, KeyIds: [alias/a, alias/a]}]',
      ['Streams[0]', 'names a key twice'],
    ],
    [
      'a stream listed twice',
      `Streams: [${ORDERS}, {StreamName: b, KeyIds: [alias/a, alias/b]}, ${ORDERS}]`,
      ['Streams[2]', 'StreamName "orders"', 'twice'],
    ],
  ])('refuses %s', (_, text, named) => {
    const error = failure(text);

    expect(error).toBeInstanceOf(RotationsFileError);
    const { message } = error as Error;
    expect(message).toMatch(/^rotations\.yml\b/);
    expect(message).not.toContain('\n');
    for (const words of named) expect(message).toContain(words);
  });
});

describe('readRotationsFile', () => {
  it('reads a file', async () => {
    const path = join(await temporaryDirectory(), 'rotations.yml');
    await writeFile(path, `Streams: [${ORDERS}]`);

    expect(await readRotationsFile(path)).toEqual([
      { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] },
    ]);
  });

  it('says which file cannot be read', async () => {
    const path = join(await temporaryDirectory(), 'rotations.yml');
    const error = await readRotationsFile(path).catch((e: unknown) => e);

    expect(error).toBeInstanceOf(RotationsFileError);
    expect((error as Error).message).toContain(path);
  });

  it('reads the one that is shipped', async () => {
    const [first] = await readRotationsFile('rotations.yml');

    expect(first).toEqual({
      StreamName: 'samplestream',
      KeyIds: ['alias/samplestream-a', 'alias/samplestream-b'],
    });
  });
});
