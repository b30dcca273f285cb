import { describe, expect, it } from 'vitest';
import { unusableReason } from '../../../shared/keys/usable-key.ts';
import { keyArn, kmsKey, REGION } from '../../support/aws/kms-key.ts';

describe('unusableReason', () => {
  it('accepts an enabled symmetric key of the Region', () => {
    expect(unusableReason(kmsKey(1), REGION)).toBeUndefined();
  });

  it("names the key's Region and the stream's Region", () => {
    const key = kmsKey(1, { Arn: keyArn(1, 'eu-west-1') });

    const reason = unusableReason(key, REGION);

    expect(reason).toContain('is in Region eu-west-1');
    expect(reason).toContain(`the stream is in ${REGION}`);
  });

  it('names the date on which a key will be deleted', () => {
    const DeletionDate = new Date('2030-01-02T03:04:05.000Z');
    const key = kmsKey(1, { KeyState: 'PendingDeletion', DeletionDate });

    const reason = unusableReason(key, REGION);

    expect(reason).toContain('KeyState PendingDeletion');
    expect(reason).toContain('2030-01-02T03:04:05.000Z');
  });

  it('omits a date that KMS does not return', () => {
    const key = kmsKey(1, { KeyState: 'PendingDeletion' });

    expect(unusableReason(key, REGION)).toBe(
      'has KeyState PendingDeletion; use another key or cancel its deletion',
    );
  });

  it.each([
    'Disabled',
    'Creating',
    'Updating',
    'PendingImport',
    'PendingReplicaDeletion',
    'Unavailable',
  ] as const)('names the KeyState %s', (KeyState) => {
    const reason = unusableReason(kmsKey(1, { KeyState }), REGION);

    expect(reason).toContain(`has KeyState ${KeyState}`);
  });

  it.each(['SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT'] as const)(
    'names the KeyUsage %s',
    (KeyUsage) => {
      const reason = unusableReason(kmsKey(1, { KeyUsage }), REGION);

      expect(reason).toContain(`has KeyUsage ${KeyUsage}`);
      expect(reason).toContain('ENCRYPT_DECRYPT');
    },
  );

  it.each(['RSA_2048', 'SM2', 'HMAC_256'] as const)(
    'names the KeySpec %s',
    (KeySpec) => {
      const reason = unusableReason(kmsKey(1, { KeySpec }), REGION);

      expect(reason).toContain(`has KeySpec ${KeySpec}`);
      expect(reason).toContain('SYMMETRIC_DEFAULT');
    },
  );

  it.each(['KeyUsage', 'KeySpec'] as const)(
    'takes a %s that is not said for the default of CreateKey',
    (field) => {
      const key = kmsKey(1, { [field]: undefined });

      expect(unusableReason(key, REGION)).toBeUndefined();
    },
  );

  it.each(['KeyState', 'Arn'] as const)(
    'does not trust a key of which KMS did not say the %s',
    (field) => {
      const key = kmsKey(1, { [field]: undefined });

      expect(unusableReason(key, REGION)).toContain('undefined');
    },
  );
});
