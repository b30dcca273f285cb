import type { KeyMetadata } from '@aws-sdk/client-kms';
import { expect, it, onTestFinished } from 'vitest';
import { judgeKeys } from '../../../cli/keys/judge-keys.ts';
import { keysText } from '../../../cli/keys/keys-text.ts';
import type { StreamFacts } from '../../../cli/keys/stream-facts.ts';
import {
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import {
  emptyEntry,
  type KeyAtRisk,
  type KeyPeriod,
} from '../../../shared/ledger/entry.ts';
import { keyArn, kmsKey, REGION } from '../../support/aws/kms-key.ts';
import { DAY, HOUR, T0 } from '../../support/ledger/transitions.ts';
import { kmsAt } from '../../support/local/connected-clients.ts';

const NOW = T0 + 30 * DAY;
const KEY = keyArn(1);
const ON = `--key-id ${KEY} --region ${REGION}`;

/** A KMS that describes no key but this one. */
async function kmsOf(key: Partial<KeyMetadata> | ServiceError) {
  const service = {
    name: 'KMS',
    target: 'TrentService',
    version: '1.1' as const,
    operations: {
      DescribeKey: ({ KeyId }: { KeyId?: unknown }) => {
        if (KeyId !== KEY) return { KeyMetadata: kmsKey(2) };
        if (key instanceof ServiceError) throw key;
        return { KeyMetadata: kmsKey(1, key) };
      },
    },
  };
  const { endpoint, close } = await startJsonService(service, 0);
  onTestFinished(close);
  return kmsAt(endpoint);
}

/** A stream that left the key; records under it are retained for an hour more. */
function stream(before: KeyAtRisk[] = []): StreamFacts {
  const StreamARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/one';
  const periods: KeyPeriod[] = [
    {
      KeyId: KEY,
      KeyArn: KEY,
      From: T0,
      LeftAt: NOW - 23 * HOUR,
      RetentionHours: 24,
    },
    { KeyId: keyArn(2), KeyArn: keyArn(2), From: NOW - 23 * HOUR },
  ];
  return {
    StreamName: 'one',
    StreamARN,
    look: {
      StreamStatus: 'ACTIVE',
      KeyId: keyArn(2),
      RetentionPeriodHours: 24,
      at: NOW,
    },
    record: {
      entry: {
        ...emptyEntry(StreamARN),
        KeyPeriods: periods,
        ...(before.length > 0 && {
          AtRisk: { Keys: before, PublishedAt: NOW },
        }),
      },
      history: [],
    },
  };
}

/** What `keys` says of the key, as one line. */
async function said(
  key: Partial<KeyMetadata> | ServiceError,
  before?: KeyAtRisk[],
): Promise<string> {
  const answer = await judgeKeys(
    await kmsOf(key),
    REGION,
    { streams: [stream(before)], listed: 1 },
    () => true,
    NOW,
  );
  const about = {
    ...answer,
    keys: answer.keys.filter(({ KeyArn }) => KeyArn === KEY),
  };
  const text = keysText(about, { region: REGION, profile: 'ann' });
  return text.replace(/\s+/g, ' ');
}

const soon = new Date(NOW + HOUR / 2);
const cannot = 'no record under it can be read now';

it.each<[string, Partial<KeyMetadata> | ServiceError, string, string[]]>([
  [
    'disabled',
    { KeyState: 'Disabled' },
    `it has KeyState Disabled: ${cannot}`,
    [`enable-key ${ON}`],
  ],
  [
    'pending deletion',
    { KeyState: 'PendingDeletion', DeletionDate: soon },
    `it has KeyState PendingDeletion: ${cannot}, and KMS deletes it at ${soon.toISOString()}`,
    [`cancel-key-deletion ${ON}`, `enable-key ${ON}`],
  ],
  [
    'a replica pending deletion',
    { KeyState: 'PendingReplicaDeletion' },
    `it has KeyState PendingReplicaDeletion: ${cannot}`,
    [`cancel-key-deletion ${ON}`, `enable-key ${ON}`],
  ],
  [
    'pending import',
    { KeyState: 'PendingImport' },
    `it has KeyState PendingImport: ${cannot}`,
    [`get-parameters-for-import ${ON}`, `import-key-material ${ON}`],
  ],
  [
    'unavailable',
    { KeyState: 'Unavailable', CustomKeyStoreId: 'cks-1' },
    `it has KeyState Unavailable: ${cannot}`,
    [`connect-custom-key-store --custom-key-store-id cks-1 --region ${REGION}`],
  ],
  [
    'losing its material',
    { ValidTo: soon },
    `it has imported material that expires at ${soon.toISOString()}: no record under it can be read then`,
    [`get-parameters-for-import ${ON}`, `import-key-material ${ON}`],
  ],
  [
    'gone',
    new ServiceError('NotFoundException', 'no key'),
    'it does not exist: no record under it can be read again',
    [],
  ],
])(
  'says what the sweep says of a needed key that is %s',
  async (_state, key, risk, commands) => {
    const text = await said(key);
    expect(text).toContain(`At risk: ${risk}`);
    const given = text.match(/aws kms \S+ .*? --profile ann/g) ?? [];
    expect(given).toHaveLength(commands.length);
    for (const [at, command] of commands.entries()) {
      expect(given[at]).toContain(`aws kms ${command}`);
    }
  },
);

it.each<[string, Partial<KeyMetadata> | ServiceError]>([
  ['usable', {}],
  ['being updated', { KeyState: 'Updating' }],
  ['losing its material later', { ValidTo: new Date(NOW + 2 * HOUR) }],
  ['not described', new ServiceError('AccessDeniedException', 'no')],
])('calls a needed key that is %s no risk', async (_state, key) => {
  expect(await said(key)).not.toContain('At risk');
});

it('keeps a key at risk that the sweep saw at risk, and that is not described', async () => {
  const denied = new ServiceError('AccessDeniedException', 'no');
  const before = [{ KeyArn: KEY, State: 'Disabled', Deadline: 'now' }];
  expect(await said(denied, before)).toContain('At risk: it has KeyState Dis');
});
