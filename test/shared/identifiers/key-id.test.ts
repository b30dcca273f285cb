import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isOwnAlias,
  KEY_ID_FORMS,
  parseKeyId,
} from '../../../shared/identifiers/key-id.ts';
import {
  ACCOUNT,
  anyKeyArn,
  anyKeyId,
  anyLocalKeyId,
  REGION,
} from '../../support/aws/kms-key.ts';

const GUID = '12345678-1234-1234-1234-123456789012';
const MULTI_REGION = 'mrk-1234abcd12ab34cd56ef1234567890ab';
const HERE = {
  partition: 'aws',
  service: 'kms',
  region: REGION,
  account: ACCOUNT,
};

describe('parseKeyId', () => {
  it.each([
    [GUID, { resource: `key/${GUID}` }],
    [MULTI_REGION, { resource: `key/${MULTI_REGION}` }],
    ['alias/MyAliasName', { resource: 'alias/MyAliasName' }],
    ['alias/aws/kinesis', { resource: 'alias/aws/kinesis' }],
    [
      `arn:aws:kms:${REGION}:${ACCOUNT}:key/${GUID}`,
      { ...HERE, resource: `key/${GUID}` },
    ],
    [
      `arn:aws:kms:${REGION}:${ACCOUNT}:key/${MULTI_REGION}`,
      { ...HERE, resource: `key/${MULTI_REGION}` },
    ],
    [
      `arn:aws:kms:${REGION}:${ACCOUNT}:alias/MyAliasName`,
      { ...HERE, resource: 'alias/MyAliasName' },
    ],
    [
      `arn:aws-cn:kms:cn-north-1:${ACCOUNT}:key/${GUID}`,
      {
        partition: 'aws-cn',
        service: 'kms',
        region: 'cn-north-1',
        account: ACCOUNT,
        resource: `key/${GUID}`,
      },
    ],
    [
      `arn:aws-us-gov:kms:us-gov-west-1:${ACCOUNT}:alias/aws/kinesis`,
      {
        partition: 'aws-us-gov',
        service: 'kms',
        region: 'us-gov-west-1',
        account: ACCOUNT,
        resource: 'alias/aws/kinesis',
      },
    ],
  ])('splits %s', (keyId, parts) => {
    expect(parseKeyId(keyId)).toEqual(parts);
  });

  it.each([
    '',
    'orders',
    'key',
    `key/${GUID}`,
    ` arn:aws:kms:${REGION}:${ACCOUNT}:key/${GUID}`,
    'alias/',
    'alias',
    'Alias/orders',
    'alias/with space',
    'alias/with:colon',
    `alias/${'a'.repeat(251)}`,
    GUID.slice(1),
    `${GUID}0`,
    `${GUID}\n`,
    GUID.replaceAll('-', ''),
    GUID.replace('1', 'g'),
    'mrk-1234',
    `mrk-${GUID}`,
    `arn:aws:kms:${REGION}:${ACCOUNT}:${GUID}`,
    `arn:aws:kms:${REGION}:${ACCOUNT}:kex/${GUID}`,
    `arn:aws:kms:${REGION}:${ACCOUNT}:alias/orders\n`,
    `arn:aws:kms:${REGION}:${ACCOUNT}:key/orders`,
    `arn:aws:kms:${REGION}:${ACCOUNT}:key/alias/orders`,
    `arn:aws:kms:${REGION}:${ACCOUNT}:alias/`,
    `arn:aws:kms:${REGION}::key/${GUID}`,
    `arn:aws:kms:${REGION}:12345:key/${GUID}`,
    `arn:aws:kms::${ACCOUNT}:key/${GUID}`,
    `arn:aws:kinesis:${REGION}:${ACCOUNT}:key/${GUID}`,
    `arn:gcp:kms:${REGION}:${ACCOUNT}:key/${GUID}`,
    `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/orders`,
    ` ${GUID}`,
  ])('refuses %j', (text) => {
    expect(parseKeyId(text)).toBeUndefined();
  });

  it('splits every ARN of a key or an alias into its parts', () => {
    fc.assert(
      fc.property(anyKeyArn, ({ text, parts }) => {
        expect(parseKeyId(text)).toEqual(parts);
      }),
    );
  });

  it('splits every bare id and alias name, without a Region', () => {
    fc.assert(
      fc.property(anyLocalKeyId, ({ text, parts }) => {
        expect(parseKeyId(text)).toEqual(parts);
      }),
    );
  });

  it('refuses every form with an additional illegal character', () => {
    fc.assert(
      fc.property(
        anyKeyId,
        fc.constantFrom(' ', '\n', '*', '$', '"', 'é', '\0', '😀'),
        fc.nat(),
        ({ text }, intruder, place) => {
          const at = place % (text.length + 1);

          expect(
            parseKeyId(text.slice(0, at) + intruder + text.slice(at)),
          ).toBeUndefined();
        },
      ),
    );
  });

  it('refuses every text that starts like no form', () => {
    const garbage = fc
      .string({ unit: 'binary' })
      .filter((text) => !/^(?:alias\/|arn:|mrk-|[0-9a-f]{8}-)/i.test(text));
    fc.assert(
      fc.property(garbage, (text) => {
        expect(parseKeyId(text)).toBeUndefined();
      }),
    );
  });

  it('is quick with a long text that almost fits', () => {
    // With steps that grow as the square, this would never end.
    const text = `arn:aws${'-'.repeat(2_000_000)}:kms:${'a'.repeat(2_000_000)}`;

    expect(parseKeyId(text)).toBeUndefined();
  });
});

describe('isOwnAlias', () => {
  it.each([
    'alias/orders',
    'alias/aws-orders',
    'alias/team/aws/orders',
    'arn:aws-cn:kms:cn-north-1:123456789012:alias/orders',
  ])('is true of %s', (keyId) => {
    expect(isOwnAlias(keyId)).toBe(true);
  });

  it.each([
    'alias/aws/kinesis',
    'arn:aws:kms:us-east-1:123456789012:alias/aws/kinesis',
    'arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012',
    '12345678-1234-1234-1234-123456789012',
    'orders',
    '',
  ])('is false of %j', (keyId) => {
    expect(isOwnAlias(keyId)).toBe(false);
  });
});

describe('KEY_ID_FORMS', () => {
  it.each(['key ARN', 'alias ARN', 'GUID', 'mrk-', 'alias/'])(
    'notifies subscribers of %s',
    (form) => {
      expect(KEY_ID_FORMS).toContain(form);
    },
  );
});
