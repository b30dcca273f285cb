import {
  DeleteStreamCommand,
  waitUntilStreamNotExists,
} from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { locateStreams } from '../../../cli/environment/locate-stream.ts';
import { kinesisClient } from '../../../shared/lambda/clients.ts';
import { localStreamArn } from '../../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0, 3);
});

afterAll(() => aws.close());

const locate = (streamName: string, listed: string[] = []) => {
  const { region, account } = aws;
  const environment = { name: 'here', region, account, partition: 'aws' };
  const entries = listed.map((StreamName) => ({
    StreamName,
    KeyIds: ['alias/a', 'alias/b'],
  }));
  const rotations = async () => entries;
  return locateStreams({ streamName }, environment, { rotations });
};

async function remove(StreamName: string): Promise<void> {
  const client = kinesisClient();
  await client.send(new DeleteStreamCommand({ StreamName }));
  await waitUntilStreamNotExists(
    { client, maxWaitTime: 60, minDelay: 0.05, maxDelay: 0.2 },
    { StreamName },
  );
  client.destroy();
}

describe('locateStreams', () => {
  it('finds a deleted stream that the ledger remembers', async () => {
    const { StreamName, KeyIds } = aws.nextStream();
    await aws.rotate({ StreamName, KeyIds });
    await remove(StreamName);
    expect(await locate(StreamName)).toEqual([
      { StreamName, StreamARN: localStreamArn(StreamName) },
    ]);
  });

  it('finds a deleted stream that rotations.yml lists', async () => {
    const { StreamName } = aws.nextStream();
    await remove(StreamName);
    expect(await locate(StreamName, [StreamName])).toMatchObject([
      { StreamName, Entry: { StreamName } },
    ]);
  });

  it('finds a stream that only Kinesis knows', async () => {
    const { StreamName } = aws.nextStream();
    expect(await locate(StreamName)).toMatchObject([{ StreamName }]);
  });

  it.each([
    [['orders', 'ads'], 'rotations.yml lists orders, ads'],
    [[], 'aws kinesis list-streams lists the streams'],
  ])('refuses an unknown one, where %j are listed', async (listed, words) => {
    await expect(locate('nowhere', listed)).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: `StreamName "nowhere" is unknown to Kinesis in us-east-1, to rotations.yml and to the ledger of here; ${words}`,
    });
  });
});
