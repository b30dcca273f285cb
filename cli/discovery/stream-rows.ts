import { parseArn } from '../../shared/identifiers/arn.ts';
import type { ResolvedKey } from '../../shared/keys/key-ring.ts';
import { bad } from '../output/color.ts';
import { rowTable } from '../output/table.ts';
import {
  type FoundStream,
  knownArn,
  refusalText,
  shownKey,
} from './account-streams.ts';

/** A stream of the account, or one that only rotations.yml names. */
export interface StreamRow {
  StreamName: string;
  /** Whether Kinesis lists it. */
  Exists: boolean;
  /** Whether rotations.yml lists it. */
  Managed: boolean;
  /** Null where it is unknown, or the stream does not exist; so the next ones. */
  StreamARN: string | null;
  StreamStatus: string | null;
  EncryptionType: 'KMS' | 'NONE' | null;
  /** As Kinesis shows it; null for a stream that is not encrypted, too. */
  KeyId: string | null;
  /** The key to which KMS resolves KeyId now. */
  KeyArn: string | null;
  /** For people: why EncryptionType or KeyArn is unknown. */
  Unknown?: string;
}

/**
 * Joins the streams of the account with those of rotations.yml: first those that
 * exist, in the order of Kinesis.
 *
 * @param keys by KeyId, as Kinesis shows it
 * @param managed the names of the streams in rotations.yml
 */
export function streamRows(
  found: readonly FoundStream[],
  keys: ReadonlyMap<string, ResolvedKey>,
  managed: ReadonlySet<string>,
): StreamRow[] {
  const existing = new Set(found.map(({ StreamName }) => StreamName));
  const missing = [...managed].filter((name) => !existing.has(name));
  return [
    ...found.map((stream) => rowOf(stream, keys, managed)),
    ...missing.map((StreamName) => ({
      StreamName,
      Exists: false,
      Managed: true,
      ...UNKNOWN,
    })),
  ];
}

const UNKNOWN = {
  StreamARN: null,
  StreamStatus: null,
  EncryptionType: null,
  KeyId: null,
  KeyArn: null,
};

function rowOf(
  stream: FoundStream,
  keys: ReadonlyMap<string, ResolvedKey>,
  managed: ReadonlySet<string>,
): StreamRow {
  const { StreamName, description } = stream;
  const common = { StreamName, Exists: true, Managed: managed.has(StreamName) };
  if ('Error' in description) {
    return {
      ...common,
      ...UNKNOWN,
      StreamARN: stream.StreamARN ?? null,
      StreamStatus: stream.StreamStatus ?? null,
      Unknown: `${description.Error}: ${description.Cause}`,
    };
  }
  const KeyId = shownKey(stream) ?? null;
  const key = KeyId === null ? undefined : keys.get(KeyId);
  const KeyArn = (key && knownArn(key)) ?? null;
  return {
    ...common,
    StreamARN: description.StreamARN,
    StreamStatus: description.StreamStatus,
    EncryptionType: KeyId === null ? 'NONE' : 'KMS',
    KeyId,
    KeyArn,
    ...(key && KeyArn === null && { Unknown: refusalText(key) }),
  };
}

/** A line a stream, and their counts. */
export function streamsText(rows: readonly StreamRow[]): string {
  if (rows.length === 0) return 'No streams';
  return [
    rowTable(
      ['Stream', 'Status', 'Encryption', 'Key', 'Resolves to', 'Managed'],
      rows.map((row) => [
        row.StreamName,
        statusText(row),
        encryptionText(row),
        row.KeyId ?? '',
        resolvedText(row),
        row.Managed ? 'yes' : 'no',
      ]),
    ),
    countsText(rows),
  ].join('\n');
}

function statusText({ Exists, StreamStatus }: StreamRow): string {
  return Exists ? (StreamStatus ?? 'unknown') : bad('does not exist');
}

function encryptionText({ Exists, EncryptionType }: StreamRow): string {
  if (!Exists) return '';
  return EncryptionType === 'NONE'
    ? bad('NONE')
    : (EncryptionType ?? 'unknown');
}

/** A key of the stream's own account without its account and Region. */
function resolvedText({ KeyArn, StreamARN, Unknown }: StreamRow): string {
  if (KeyArn === null)
    return Unknown === undefined ? '' : `unknown: ${Unknown}`;
  const key = parseArn(KeyArn);
  const stream = StreamARN === null ? undefined : parseArn(StreamARN);
  const isOwn =
    key?.account === stream?.account && key?.region === stream?.region;
  return isOwn && key ? key.resource : KeyArn;
}

function countsText(rows: readonly StreamRow[]): string {
  const count = (isCounted: (row: StreamRow) => boolean) =>
    rows.filter(isCounted).length;
  const existing = count(({ Exists }) => Exists);
  const counts: [number, string][] = [
    [count((row) => row.EncryptionType === 'NONE'), 'not encrypted'],
    [count((row) => row.Unknown !== undefined), 'unknown in part'],
    [count((row) => !row.Managed), 'not managed'],
    [rows.length - existing, 'of rotations.yml missing'],
  ];
  const shown = counts.filter(([number]) => number > 0);
  return [
    existing === 1 ? '1 stream' : `${existing} streams`,
    ...shown.map(([number, what]) => `${number} ${what}`),
  ].join(', ');
}
