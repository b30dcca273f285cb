import type { KeyMetadata } from '@aws-sdk/client-kms';
import { parseArn } from '../identifiers/arn.ts';
import type { KeyAtRisk } from '../ledger/entry.ts';

/**
 * The commands of the AWS CLI that make a key serve again; none for a key that does not
 * exist.
 *
 * @param metadata of the key, where it is known
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
export function remedyOf(
  { KeyArn, State }: KeyAtRisk,
  { CustomKeyStoreId }: Pick<KeyMetadata, 'CustomKeyStoreId'> = {},
): string[] {
  const region = parseArn(KeyArn)?.region;
  const where = region ? ` --region ${region}` : '';
  const command = (name: string, more = '') =>
    `aws kms ${name} --key-id ${KeyArn}${where}${more}`;
  switch (State) {
    case 'NotFound':
      return [];
    case 'Disabled':
      return [command('enable-key')];
    case 'PendingDeletion':
    case 'PendingReplicaDeletion':
      // A canceled deletion leaves the key disabled.
      return [command('cancel-key-deletion'), command('enable-key')];
    case 'PendingImport':
    case 'Expires':
      return [
        command(
          'get-parameters-for-import',
          ' --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096',
        ),
        command(
          'import-key-material',
          ' --encrypted-key-material fileb://material.bin --import-token fileb://token.bin --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE',
        ),
      ];
    case 'Unavailable':
      return CustomKeyStoreId
        ? [
            `aws kms connect-custom-key-store --custom-key-store-id ${CustomKeyStoreId}${where}`,
          ]
        : [command('describe-key')];
    default:
      return [command('describe-key')];
  }
}
