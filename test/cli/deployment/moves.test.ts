import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Move,
  predictMoves,
  rateStart,
} from '../../../cli/deployment/moves.ts';
import type { PreviewClients } from '../../../cli/preview/rotation-preview.ts';
import { localExecutions } from '../../../local/runner/rotation.ts';
import {
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import { readDeploymentSettings } from '../../../shared/config/deployment-settings.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../../shared/lambda/clients.ts';
import { schedules } from '../../../stack/schedules.ts';
import {
  type LocalRotations,
  MISSING_STREAM,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const DEFAULTS = readDeploymentSettings({});

let aws: LocalRotations;
let clients: PreviewClients;

beforeAll(async () => {
  aws = await openLocalRotations(0, 3);
  clients = {
    kinesis: kinesisClient(),
    kms: kmsClient(),
    dynamodb: dynamoDbClient(),
    tableName: ledgerTableName(),
    now: Date.now,
  };
});

afterAll(async () => {
  for (const each of ['kinesis', 'kms', 'dynamodb'] as const) {
    clients[each].destroy();
  }
  await aws.close();
});

const NEVER = new AbortController().signal;
const predict = (
  streams: RotationsStream[],
  how: Partial<PreviewClients> = {},
): Promise<Move[]> =>
  predictMoves(
    streams,
    { before: undefined, after: { Resources: schedules(streams, DEFAULTS) } },
    localExecutions('us-east-1'),
    { ...clients, ...how },
    NEVER,
  );

describe('predictMoves', () => {
  it('names what a sweep restores, and who stays', async () => {
    const [plain, rotated, alertOnly] = [1, 2, 3].map(() => aws.nextStream());
    if (!plain || !rotated || !alertOnly) throw new Error('three streams');
    const { Status } = await aws.rotate(rotated);
    expect(Status).toBe('SUCCEEDED');
    const [first] = plain.KeyIds;
    for (const tableName of [ledgerTableName(), undefined]) {
      const moves = await predict(
        [
          plain,
          rotated,
          { ...rotated, KeyIds: plain.KeyIds },
          { ...alertOnly, OnDrift: 'ALERT' },
        ],
        { tableName },
      );
      expect(moves).toEqual([
        {
          StreamName: plain.StreamName,
          isAlertOnly: false,
          reasons: [
            `not encrypted -> ${first}: the stream is not encrypted; the next sweep starts a RESTORE`,
          ],
        },
        { StreamName: rotated.StreamName, isAlertOnly: false, reasons: [] },
        {
          StreamName: rotated.StreamName,
          isAlertOnly: false,
          reasons: [
            expect.stringContaining(`${rotated.KeyIds[0]} -> ${first}: `),
          ],
        },
        { StreamName: alertOnly.StreamName, isAlertOnly: true, reasons: [] },
      ]);
    }
  });

  it('says why it does not know, and never that such a stream stays', async () => {
    const denying = await startJsonService(
      {
        name: 'Kinesis',
        target: 'Kinesis_20131202',
        version: '1.1',
        operations: {
          DescribeStreamSummary: () => {
            throw new ServiceError('AccessDeniedException', 'not for ann');
          },
        },
      },
      0,
    );
    const { endpoint } = denying;
    const kinesis = kinesisClient({ endpoint });
    try {
      const KeyIds = ['alias/0-a', 'alias/0-b'];
      const stream = { StreamName: MISSING_STREAM, KeyIds };
      const [denied] = await predict([stream], { kinesis });
      expect(denied).toEqual({
        StreamName: MISSING_STREAM,
        isAlertOnly: false,
        reasons: [],
        problem: expect.stringMatching(
          /^unknown: AWS does not allow it \(AccessDenied.*not for ann/,
        ),
      });
      const [missing] = await predict([stream]);
      expect(missing?.problem).toMatch(
        /^cannot be restored: ResourceNotFoundException: /,
      );
    } finally {
      kinesis.destroy();
      await denying.close();
    }
  });
});

describe('rateStart', () => {
  const stream = (more: Partial<RotationsStream> = {}): RotationsStream => ({
    StreamName: 'orders',
    KeyIds: ['alias/a', 'alias/b'],
    Schedule: 'rate(90 days)',
    ...more,
  });
  const template = (one?: RotationsStream) => ({
    Resources: one ? schedules([one], DEFAULTS) : {},
  });
  const start = (before: RotationsStream | undefined, after: RotationsStream) =>
    rateStart(after, template(before), template(after));

  it.each([
    ['a new rate', undefined, stream(), /^to the next key .* is new/],
    ['a rate that stays', stream(), stream(), undefined],
    [
      'another rate',
      stream(),
      stream({ Schedule: 'rate(30 days)' }),
      /^perhaps to the next key .*rate\(30 days\) changes/,
    ],
    [
      'another ring under a rate',
      stream(),
      stream({ KeyIds: ['alias/b', 'alias/a'] }),
      /^perhaps /,
    ],
    [
      'a rate in the place of cron',
      stream({ Schedule: 'cron(0 3 1 * ? *)' }),
      stream(),
      /^perhaps /,
    ],
    [
      'a rate with a StartDate',
      undefined,
      stream({ StartDate: '2027-01-01T00:00:00Z' }),
      undefined,
    ],
    ['cron', undefined, stream({ Schedule: 'cron(0 3 1 * ? *)' }), undefined],
  ])('looks at %s', (_, before, after, expected) => {
    const reason = start(before, after);
    if (expected === undefined) expect(reason).toBeUndefined();
    else expect(reason).toMatch(expected);
  });
});
