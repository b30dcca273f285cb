import type { GrantListEntry } from '@aws-sdk/client-kms';

/** The operations by which Kinesis uses a key for writers and readers. */
const OPERATIONS = [
  'Decrypt',
  'GenerateDataKey',
  'GenerateDataKeyWithoutPlaintext',
] as const;

/** What a grant of the old key gives, and no grant of the new key. */
export interface MissingGrant {
  GranteePrincipal: string;
  Operations: string[];
}

/**
 * Compares the grants of two keys for one stream. A grant that its constraints limit to
 * another stream gives nothing here.
 *
 * @returns by principal, in the order of the old key's grants
 */
export function compareGrants(
  oldGrants: readonly GrantListEntry[],
  newGrants: readonly GrantListEntry[],
  streamArn: string,
): MissingGrant[] {
  const had = byPrincipal(oldGrants, streamArn);
  const has = byPrincipal(newGrants, streamArn);
  return [...had].flatMap(([GranteePrincipal, operations]) => {
    const Operations = [...operations].filter(
      (operation) => !has.get(GranteePrincipal)?.has(operation),
    );
    return Operations.length > 0 ? [{ GranteePrincipal, Operations }] : [];
  });
}

/** Whether a grant allows an action to a principal, for a stream. */
export function isGranted(
  grants: readonly GrantListEntry[],
  principal: string,
  action: string,
  streamArn: string,
): boolean {
  const operation = action.replace('kms:', '');
  const has = byPrincipal(grants, streamArn).get(principal);
  return has?.has(operation) ?? false;
}

function byPrincipal(
  grants: readonly GrantListEntry[],
  streamArn: string,
): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const grant of grants) {
    const { GranteePrincipal: principal, Operations = [] } = grant;
    if (principal === undefined || !isForStream(grant, streamArn)) continue;
    const ours = OPERATIONS.filter((each) => Operations.includes(each));
    if (ours.length === 0) continue;
    const before = found.get(principal) ?? new Set();
    found.set(principal, new Set([...before, ...ours]));
  }
  return found;
}

/** Kinesis encrypts with the context aws:kinesis:arn alone. */
function isForStream(
  { Constraints }: GrantListEntry,
  streamArn: string,
): boolean {
  const { EncryptionContextEquals, EncryptionContextSubset } =
    Constraints ?? {};
  const isOurs = (context: Record<string, string>) =>
    Object.entries(context).every(
      ([key, value]) => key === 'aws:kinesis:arn' && value === streamArn,
    );
  const isEqual =
    EncryptionContextEquals === undefined ||
    (Object.keys(EncryptionContextEquals).length === 1 &&
      isOurs(EncryptionContextEquals));
  return isEqual && isOurs(EncryptionContextSubset ?? {});
}
