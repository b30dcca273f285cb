import { parseArn, toStreamArn } from '../identifiers/arn.ts';
import { isOwnAlias } from '../identifiers/key-id.ts';
import type { KeyPeriod, LedgerEntry } from '../ledger/entry.ts';
import { possiblePeriods } from '../ledger/key-periods.ts';
import type { LedgerReader } from '../ledger/ledger-reader.ts';

/**
 * The streams that an event about a key may concern: the others need no calls of
 * Kinesis and KMS. An account may have thousands of keys that no stream is under.
 *
 * @param keyArn undefined where the event does not name it
 * @returns all of them where the ledger does not say
 */
export async function concernedStreams<Stream extends { StreamName: string }>(
  streams: readonly Stream[],
  keyArn: string | undefined,
  ledger: Pick<LedgerReader, 'read'>,
): Promise<Stream[]> {
  const key = keyArn === undefined ? undefined : parseArn(keyArn);
  if (keyArn === undefined || key === undefined) return [...streams];
  const concerned = await Promise.all(
    streams.map(async (stream) => {
      const read = ledger.read(toStreamArn(key, stream.StreamName));
      // A stream that cannot be read here is logged by its look.
      const entry = await read.catch(() => undefined);
      return entry === undefined || mayNeed(entry, keyArn);
    }),
  );
  return streams.filter((_, at) => concerned[at]);
}

/** Whether records of a stream may be under a key. */
function mayNeed(entry: LedgerEntry, keyArn: string): boolean {
  const { KeyPeriods, Slots } = entry;
  return (
    KeyPeriods === undefined ||
    possiblePeriods(KeyPeriods, Slots).some((one) => mayBe(one, keyArn))
  );
}

function mayBe(
  { KeyId, KeyArn, IsPresumed, OverAt }: KeyPeriod,
  keyArn: string,
): boolean {
  if (OverAt !== undefined) return false;
  if (KeyArn === keyArn || IsPresumed) return true;
  return (
    KeyArn === undefined && (isOwnAlias(KeyId) || keyArn.endsWith(`/${KeyId}`))
  );
}
