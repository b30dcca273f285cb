import { describe, expect, it } from 'vitest';
import { chooseStreams } from '../../../cli/input/streams.ts';
import { RotationsFileError } from '../../../shared/config/rotations-file.ts';

const SITE = {
  name: 'a environment',
  region: 'cn-north-1',
  account: '111122223333',
  partition: 'aws-cn',
};
const ENTRIES = ['orders', 'payments'].map((StreamName) => ({
  StreamName,
  KeyIds: ['alias/a', 'alias/b'],
}));
const rotations = async () => ENTRIES;
const arnOf = (name: string) =>
  `arn:aws-cn:kinesis:cn-north-1:111122223333:stream/${name}`;

describe('chooseStreams', () => {
  it('takes all streams of rotations.yml when none is named', async () => {
    expect(await chooseStreams({}, SITE, { rotations })).toEqual(
      ENTRIES.map((Entry) => ({
        StreamName: Entry.StreamName,
        StreamARN: arnOf(Entry.StreamName),
        Entry,
      })),
    );
  });

  it.each([
    [{ streamName: 'payments' }, ENTRIES[1]],
    [{ streamArn: arnOf('payments') }, ENTRIES[1]],
    [{ streamName: 'unlisted' }, undefined],
  ])('takes the one that %j names', async (options, Entry) => {
    const StreamName = Entry?.StreamName ?? 'unlisted';
    expect(await chooseStreams(options, SITE, { rotations })).toEqual([
      { StreamName, StreamARN: arnOf(StreamName), ...(Entry && { Entry }) },
    ]);
  });

  it('needs no rotations.yml for a stream that is named, only for all', async () => {
    const unreadable = {
      rotations: () => Promise.reject(new RotationsFileError('no file')),
    };
    const named = { streamName: 'orders' };
    expect(await chooseStreams(named, SITE, unreadable)).toHaveLength(1);
    await expect(chooseStreams({}, SITE, unreadable)).rejects.toThrow(
      'no file',
    );
  });
});
