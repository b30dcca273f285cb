import { type KMSClient, paginateListAliases } from '@aws-sdk/client-kms';
import { nameError } from '../errors/aws-errors.ts';

/**
 * Lists the names of the keys of the account and Region.
 *
 * @returns the alias names of each key, by its key ID (GUID or `mrk-...`)
 * @throws what kms:ListAliases refuses, under AWS's own name, and ServiceUnavailable
 * @see https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html
 */
export async function listAliases(
  client: KMSClient,
): Promise<Map<string, string[]>> {
  const names = new Map<string, string[]>();
  try {
    for await (const page of paginateListAliases({ client }, { Limit: 100 })) {
      for (const { AliasName, TargetKeyId } of page.Aliases ?? []) {
        // An alias of AWS has no key before its first use.
        if (AliasName === undefined || TargetKeyId === undefined) continue;
        names.set(TargetKeyId, [...(names.get(TargetKeyId) ?? []), AliasName]);
      }
    }
  } catch (error) {
    throw nameError(error, 'ListAliases');
  }
  return names;
}
