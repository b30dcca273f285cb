import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { kinesisClient } from '../../../shared/lambda/clients.ts';
import { recordCalls } from '../../support/cli/recorded-calls.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const MANAGED = ['stream-0', 'stream-1'];
const NOT_MANAGED = ['stream-2', 'plain'];

let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0, 3);
  await aws.rotate({ StreamName: 'stream-0', KeyId: 'alias/0-a' });
  await aws.rotate({ StreamName: 'stream-0', KeyId: 'alias/0-b' });
  const kinesis = kinesisClient();
  await kinesis.send(
    new CreateStreamCommand({ StreamName: 'plain', ShardCount: 1 }),
  );
  kinesis.destroy();
});

afterAll(() => aws.close());

/** What a report shows, and the streams that it described, by name. */
async function reportOn(streams: readonly string[], flags: string[] = []) {
  const directory = await temporaryDirectory(onTestFinished);
  const rotations = join(directory, 'rotations.yml');
  const Streams = streams.map((StreamName, at) => ({
    StreamName,
    KeyIds: [`alias/${at}-a`, `alias/${at}-b`],
  }));
  await writeFile(rotations, JSON.stringify({ Streams }));
  const { AWS_ENDPOINT_URL_KINESIS = '' } = process.env;
  const { endpoint, calls } = await recordCalls(
    { AWS_ENDPOINT_URL_KINESIS },
    onTestFinished,
  );
  const { stdout } = await runInProcess(
    [
      ...['report', '--rotations', rotations, ...flags],
      ...['--output', 'json', '--file', '-'],
    ],
    { AWS_ENDPOINT_URL_KINESIS: endpoint },
  );
  // The session has looked at a stream of the endpoint, to learn its account.
  const [, , ...own] = calls;
  const described = own
    .filter(({ action }) => action === 'kinesis:DescribeStreamSummary')
    .map(({ input: { StreamARN, StreamName } }) =>
      String(StreamName ?? StreamARN?.split('/')[1]),
    );
  return { document: JSON.parse(stdout), described: described.toSorted() };
}

it('describes each stream once, for all sections', async () => {
  const { document, described } = await reportOn(MANAGED);
  expect(described).toEqual([...MANAGED, ...NOT_MANAGED].toSorted());
  const namesOf = (list: { StreamName: string }[]) =>
    list.map(({ StreamName }) => StreamName).toSorted();
  expect(namesOf(document.Streams)).toEqual(MANAGED);
  expect(document.Coverage).toMatchObject({ Status: 'LISTED', Streams: 4 });
  expect(namesOf(document.Coverage.NotManaged)).toEqual(NOT_MANAGED.toSorted());
  expect(document.KeyNeeds.Coverage).toMatchObject({
    Streams: 4,
    NotManaged: NOT_MANAGED.toSorted(),
  });
  expect(document.KeyNeeds.Keys).toMatchObject([
    { KeyIds: ['alias/0-a'], Verdict: 'NEEDED' },
    { KeyIds: ['alias/0-b'], Verdict: 'IN_USE' },
  ]);
});

it('looks at no deleted stream for the keys', async () => {
  const { document, described } = await reportOn(['gone', ...MANAGED]);
  expect(described.filter((name) => name === 'gone')).toHaveLength(1);
  expect(document.Streams[0]).toMatchObject({
    StreamName: 'gone',
    Condition: 'NOT_DESCRIBED',
  });
  expect(document.KeyNeeds.Coverage.Streams).toBe(4);
});

it('describes the other streams once where a flag names one', async () => {
  const { document, described } = await reportOn(MANAGED, [
    '--stream-name',
    'stream-0',
  ]);
  expect(described.filter((name) => name !== 'stream-0')).toEqual(
    ['stream-1', ...NOT_MANAGED].toSorted(),
  );
  expect(document.Coverage).toEqual({ Status: 'NOT_ASKED' });
  expect(document.KeyNeeds.Coverage.Streams).toBe(4);
});
