import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { history } from '../../../cli/commands/history.ts';
import type { CommandContext } from '../../../cli/environment/context.ts';
import { ROTATION_RECORD } from '../../../shared/history/records.ts';
import {
  dynamoDbClient,
  ledgerTableName,
} from '../../../shared/lambda/clients.ts';
import { localStreamArn } from '../../support/workflow/ledger-of.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const NAMES = ['stream-0', 'stream-1'];
const T0 = Date.parse('2026-01-01T00:00:00Z');
/** Of each stream: more than history shows of all time. */
const RECORDS = 70;

let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0, NAMES.length);
  const client = dynamoDbClient();
  for (const [at, StreamName] of NAMES.entries()) {
    for (let nth = 0; nth < RECORDS; nth++) {
      const StartedAt = new Date(T0 + (2 * nth + at) * 60_000).toISOString();
      const StreamARN = localStreamArn(StreamName);
      const Record = `${ROTATION_RECORD}${StartedAt}#r${nth}`;
      const Item = marshall({ StreamARN, Record, StartedAt, StreamName });
      const put = new PutItemCommand({ TableName: ledgerTableName(), Item });
      await client.send(put);
    }
  }
  client.destroy();
});

afterAll(() => aws.close());

async function run(options: object) {
  const texts = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      texts[name] += text;
      return true;
    }),
  );
  const context: CommandContext = {
    interruption: {
      signal: new AbortController().signal,
      forceQuit: new AbortController().signal,
      exitCode: () => undefined,
    },
    deploymentSettings: () => Promise.reject(new Error('unread')),
    rotationsPath: () => 'rotations.yml',
    givenRotations: () => undefined,
    localRotations: async () => [],
    rotationsSource: async () => {
      throw new Error('history hashes no file');
    },
    rotations: async () =>
      NAMES.map((StreamName) => ({
        StreamName,
        KeyIds: ['alias/a', 'alias/b'],
      })),
  };
  try {
    await history({ output: 'json', ...options }, context);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  const rows = JSON.parse(texts.stdout) as { StartedAt: string }[];
  return { rows: rows.map(({ StartedAt }) => StartedAt), stderr: texts.stderr };
}

it.each([
  ['100 of all time', {}, 100, true],
  ['as many as asked for, of all streams together', { maxItems: 7 }, 7, true],
  ['all where that is enough', { maxItems: 140 }, 140, false],
  ['all of a period', { since: T0 }, 140, false],
  ['as many as asked for of a period', { since: T0, maxItems: 3 }, 3, true],
])(
  'history shows %s, the newest, and says where there are older ones',
  async (_, options, count, hasMore) => {
    const { rows, stderr } = await run(options);
    expect(rows).toHaveLength(count);
    expect(rows).toEqual(rows.toSorted().toReversed());
    expect(rows[0]).toBe(new Date(T0 + 139 * 60_000).toISOString());
    expect(stderr).toBe(
      hasMore
        ? `These are the newest ${count} rotations; there are older ones. Give --max-items, or --since\n`
        : '',
    );
  },
);
