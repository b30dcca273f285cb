import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStreamCommand,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import { gatherCoverage } from '../../../../cli/report/lookup/coverage.ts';
import type { EmbeddedService } from '../../../../local/services/embedded-service.ts';
import {
  type Input,
  type JsonService,
  ServiceError,
  startJsonService,
} from '../../../../local/services/json-service.ts';
import { startKinesis } from '../../../../local/services/kinesis.ts';
import {
  ACCOUNT,
  kinesisAt,
  REGION,
} from '../../../support/local/connected-clients.ts';

const NAMES = ['clear', 'encrypted', 'orders'];

const unpaced = <Argument, Result>(
  call: (argument: Argument) => Promise<Result>,
) => call;

let directory: string;
let embedded: EmbeddedService;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coverage-'));
  embedded = await startKinesis({
    directory,
    port: 0,
    region: REGION,
    account: ACCOUNT,
    updateSeconds: 0,
  });
  const kinesis = kinesisAt(embedded.endpoint, () => {});
  for (const StreamName of NAMES) {
    await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }));
  }
  // It may still be CREATING.
  await vi.waitFor(() =>
    kinesis.send(
      new StartStreamEncryptionCommand({
        StreamName: 'encrypted',
        EncryptionType: 'KMS',
        KeyId: 'alias/other',
      }),
    ),
  );
  kinesis.destroy();
});

afterAll(async () => {
  await embedded.close();
  await rm(directory, { recursive: true });
});

/** A Kinesis with these operations and no others. */
async function standIn(operations: JsonService['operations']) {
  const name = { name: 'Kinesis', target: 'Kinesis_20131202' };
  const service = { ...name, version: '1.1' as const, operations };
  const { endpoint, close } = await startJsonService(service, 0);
  onTestFinished(close);
  return kinesisAt(endpoint);
}

const denied = () => {
  throw new ServiceError('AccessDeniedException', 'not authorized');
};

describe('gatherCoverage', () => {
  it('finds the streams that are not managed, with their encryption', async () => {
    const kinesis = kinesisAt(embedded.endpoint);
    const managed = new Set(['orders', 'gone']);
    const coverage = await gatherCoverage(kinesis, managed, unpaced);
    expect(coverage).toMatchObject({
      status: 'LISTED',
      streams: 3,
      notManaged: [
        { StreamName: 'clear', description: { EncryptionType: 'NONE' } },
        { StreamName: 'encrypted', description: { KeyId: 'alias/other' } },
      ],
    });
  });

  it.each([
    ['the token of AWS', { NextToken: 'second' }, { NextToken: 'second' }],
    ['the last name without a token', {}, { ExclusiveStartStreamName: 'a' }],
  ])('goes on with %s', async (_name, answered, next) => {
    const asked: Input[] = [];
    const kinesis = await standIn({
      ListStreams: (input) =>
        asked.push(input) === 1
          ? { StreamNames: ['a'], HasMoreStreams: true, ...answered }
          : { StreamNames: ['b'], HasMoreStreams: false },
    });
    const managed = new Set(['a', 'b']);
    expect(await gatherCoverage(kinesis, managed, unpaced)).toEqual({
      status: 'LISTED',
      streams: 2,
      notManaged: [],
    });
    expect(asked).toEqual([{}, next]);
  });

  it('does not know which streams exist when ListStreams is denied', async () => {
    const kinesis = await standIn({ ListStreams: denied });
    expect(await gatherCoverage(kinesis, new Set(), unpaced)).toEqual({
      status: 'UNKNOWN',
      reason: 'AccessDeniedException: not authorized',
    });
  });

  it('does not know them when a later page is denied', async () => {
    const kinesis = await standIn({
      ListStreams: ({ NextToken }) =>
        NextToken
          ? denied()
          : { StreamNames: ['a'], HasMoreStreams: true, NextToken: 'second' },
    });
    const coverage = await gatherCoverage(kinesis, new Set(), unpaced);
    expect(coverage.status).toBe('UNKNOWN');
  });

  it('lists a stream that cannot be described, and says why', async () => {
    const kinesis = await standIn({
      ListStreams: () => ({ StreamNames: ['a'], HasMoreStreams: false }),
      DescribeStreamSummary: denied,
    });
    expect(await gatherCoverage(kinesis, new Set(), unpaced)).toEqual({
      status: 'LISTED',
      streams: 1,
      notManaged: [
        {
          StreamName: 'a',
          description: {
            Error: 'AccessDeniedException',
            Cause: 'StreamName "a": not authorized',
          },
        },
      ],
    });
  });

  it('paces both calls', async () => {
    const kinesis = await standIn({
      ListStreams: () => ({ StreamNames: ['a', 'b'], HasMoreStreams: false }),
      DescribeStreamSummary: denied,
    });
    const paced: number[] = [];
    await gatherCoverage(kinesis, new Set(), (call) => {
      const at = paced.push(0) - 1;
      return (argument) => {
        paced[at] = (paced[at] ?? 0) + 1;
        return call(argument);
      };
    });
    expect(paced).toEqual([1, 2]);
  });
});
