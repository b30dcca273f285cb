import { join } from 'node:path';
import { EnableKeyRotationCommand } from '@aws-sdk/client-kms';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  describeForReport,
  gatherKeys,
} from '../../../../cli/report/lookup/keys.ts';
import type { StreamInput } from '../../../../cli/report/report-input.ts';
import {
  type Input,
  ServiceError,
  startJsonService,
} from '../../../../local/services/json-service.ts';
import { KeyStore } from '../../../../local/services/key-store.ts';
import { kmsService } from '../../../../local/services/kms.ts';
import { emptyEntry } from '../../../../shared/ledger/entry.ts';
import { describeKeys } from '../../../../shared/lookup/describe-keys.ts';
import {
  ACCOUNT,
  kmsAt,
  REGION,
} from '../../../support/local/connected-clients.ts';
import { temporaryDirectory } from '../../../support/local/temporary-directory.ts';

const StreamARN = `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/orders`;
const RING = { KeyIds: ['alias/a', 'alias/b'] };

/** The embedded KMS, which denies what a test says. */
async function kmsWith(denied: readonly string[] = []) {
  const path = join(await temporaryDirectory(), 'kms.json');
  const store = new KeyStore(path, REGION, ACCOUNT);
  store.ensure('alias/a', 'alias/b', 'alias/other');
  const service = kmsService(store);
  const asked: string[] = [];
  const unavailable: string[] = [];
  const operations = Object.entries(service.operations).map(
    ([name, operation]) => [
      name,
      (input: Input) => {
        asked.push(`${name} ${input.KeyId}`);
        const call = `${name} ${input.KeyId}`;
        if (unavailable.includes(call)) {
          throw new ServiceError('KMSThrottlingException', 'later');
        }
        if (!denied.includes(call)) return operation(input);
        throw new ServiceError('AccessDeniedException', `no ${name}`);
      },
    ],
  );
  const { endpoint, close } = await startJsonService(
    { ...service, operations: Object.fromEntries(operations) },
    0,
  );
  onTestFinished(close);
  const kms = kmsAt(endpoint);
  const stream = async (KeyId: string | undefined): Promise<StreamInput> => ({
    StreamName: 'orders',
    StreamARN,
    description: KeyId ? { EncryptionType: 'KMS', KeyId } : {},
    KeyArn: KeyId && store.find(KeyId)?.Arn,
    ledgerEntry: emptyEntry(StreamARN),
    history: [],
    ring: await describeKeys(kms, RING, REGION),
  });
  return { kms, store, stream, asked, unavailable, denied: denied as string[] };
}

describe('gatherKeys', () => {
  it('has for each key its creation, origin, manager and rotation', async () => {
    const { kms, stream } = await kmsWith();
    const RotationPeriodInDays = 180;
    const KeyId = (await describeKeys(kms, { KeyId: 'alias/b' }, REGION))[0]
      ?.Metadata?.Arn;
    await kms.send(
      new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }),
    );

    const [orders] = await gatherKeys([await stream('alias/a')], kms);
    expect(orders?.keys).toMatchObject([
      {
        KeyId: 'alias/a',
        Metadata: {
          CreationDate: expect.any(Date),
          Origin: 'AWS_KMS',
          KeyManager: 'CUSTOMER',
        },
        rotation: { status: 'OFF' },
      },
      {
        KeyId: 'alias/b',
        rotation: {
          status: 'ON',
          periodInDays: RotationPeriodInDays,
          nextAt: expect.any(Number),
        },
      },
    ]);
  });

  it('adds the present key where the ring does not have it', async () => {
    const { kms, stream } = await kmsWith();
    const [orders] = await gatherKeys([await stream('alias/aws/kinesis')], kms);
    expect(orders?.keys?.slice(2)).toMatchObject([
      {
        KeyId: 'alias/aws/kinesis',
        Metadata: { KeyManager: 'AWS' },
        rotation: { status: 'ON', periodInDays: 365 },
      },
    ]);
    const [clear] = await gatherKeys([await stream(undefined)], kms);
    expect(clear?.keys).toHaveLength(2);
  });

  it('shows a denied rotation status as unknown, never as off', async () => {
    const { kms, store, stream, denied } = await kmsWith([]);
    denied.push(`GetKeyRotationStatus ${store.get('alias/a').Arn}`);
    const [orders] = await gatherKeys([await stream('alias/a')], kms);
    expect(orders?.keys?.map(({ rotation }) => rotation)).toEqual([
      {
        status: 'UNKNOWN',
        reason: 'AccessDeniedException: no GetKeyRotationStatus',
      },
      { status: 'OFF' },
    ]);
  });

  it('shows a key that KMS does not describe as unknown', async () => {
    const { kms, stream } = await kmsWith(['DescribeKey alias/b']);
    const [orders] = await gatherKeys([await stream('alias/a')], kms);
    expect(orders?.keys?.[1]).toMatchObject({
      KeyId: 'alias/b',
      Refusal: { name: 'AccessDeniedException' },
      rotation: {
        status: 'UNKNOWN',
        reason: expect.stringContaining('no DescribeKey'),
      },
    });
  });

  it('shows keys as unknown while KMS is unavailable', async () => {
    const { kms, stream, unavailable } = await kmsWith();
    const orders = await stream('alias/other');
    unavailable.push('DescribeKey alias/a', `DescribeKey ${orders.KeyArn}`);
    const ring = await describeForReport(kms, RING, REGION);
    const [found] = await gatherKeys([{ ...orders, ring }], kms);
    const reason = expect.stringMatching(/^ServiceUnavailable: /);
    expect(found?.keys).toMatchObject([
      { KeyId: 'alias/a', rotation: { status: 'UNKNOWN', reason } },
      { KeyId: 'alias/b', rotation: { status: 'OFF' } },
      { KeyId: 'alias/other', rotation: { status: 'UNKNOWN', reason } },
    ]);
  });

  it('asks once for a key of many streams', async () => {
    const { kms, stream, asked } = await kmsWith();
    const orders = await stream('alias/a');
    await gatherKeys([orders, orders, orders], kms);
    const about = asked.filter((one) => one.startsWith('GetKeyRotation'));
    expect(about).toHaveLength(2);
  });
});
