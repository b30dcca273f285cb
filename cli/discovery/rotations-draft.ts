import { Document, isNode, stringify } from 'yaml';
import { visible } from '../../shared/errors/text.ts';
import { parseStreamArn } from '../../shared/identifiers/arn.ts';
import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import type { ResolvedKey } from '../../shared/keys/key-ring.ts';
import { unusableReason } from '../../shared/keys/usable-key.ts';
import { ownCommand } from '../executions/command-lines.ts';
import {
  type FoundStream,
  knownArn,
  refusalText,
  shownKey,
} from './account-streams.ts';

/** What a rotations.yml is written from. */
export interface AccountFacts {
  region: string;
  /** Of the AWS configuration files, for the next commands. */
  profile?: string | undefined;
  streams: readonly FoundStream[];
  /** The keys of the streams by their KeyId, as Kinesis shows it. */
  keys: ReadonlyMap<string, ResolvedKey>;
  /** The alias names of each key by its key ID, or why they are unknown. */
  aliases: ReadonlyMap<string, readonly string[]> | { Unknown: string };
}

/** A stream of the file: in use, or a comment until a person has decided. */
interface Draft {
  /** Lines for people: what is known of its key, and what is missing. */
  note: string[];
  /** Absent for a stream that is left out. */
  entry?: { StreamName: string; KeyIds: string[] };
  isReady: boolean;
}

export interface RotationsDraft {
  text: string;
  /** How many streams are in use, and how many are comments. */
  ready: number;
  undecided: number;
}

/**
 * Writes a rotations.yml for the streams of an account. A stream under an alias gets a
 * ring of this one alias. Every other stream needs a decision: it is a comment that
 * says what is missing.
 *
 * @param now milliseconds since the epoch
 */
export function draftRotations(
  facts: AccountFacts,
  now: number,
): RotationsDraft {
  const drafts = facts.streams.map((stream) => draftOf(stream, facts));
  const ready = drafts.filter(({ isReady }) => isReady);
  const undecided = drafts.filter(({ isReady }) => !isReady);
  const entries = ready.map(({ entry }) => entry);
  const document = new Document({
    Streams: entries.length > 0 ? entries : null,
  });
  document.commentBefore = comment(headOf(facts, ready.length, now));
  for (const [at, { note }] of ready.entries()) {
    const node = document.getIn(['Streams', at], true);
    if (isNode(node)) node.commentBefore = comment(note);
  }
  if (undecided.length > 0) {
    document.comment = comment([
      ...DECISION,
      ...undecided.flatMap((draft) => ['', ...blockOf(draft)]),
    ]);
  }
  return {
    text: document.toString({ lineWidth: 0, nullStr: '' }),
    ready: ready.length,
    undecided: undecided.length,
  };
}

const DECISION = [
  'These streams need a decision. Complete KeyIds, and remove the "# " before the lines of',
  'the stream: they continue the list of Streams.',
];

/** Without a character that could end the comment; the library writes each `#`. */
function comment(lines: readonly string[]): string {
  return lines.map((line) => (line ? ` ${visible(line)}` : '')).join('\n');
}

function headOf(
  { region, profile, streams, aliases }: AccountFacts,
  ready: number,
  now: number,
): string[] {
  const account = streams.map(accountOf).find(Boolean);
  const date = new Date(now).toISOString().slice(0, 10);
  const where = account ? `account ${account} in ${region}` : region;
  const count = streams.length === 1 ? '1 stream' : `${streams.length} streams`;
  const of = { stage: 'prod', region, profile };
  return [
    `The streams of ${where} on ${date}: ${count}, ${ready} in use below.`,
    ...('Unknown' in aliases
      ? [`The names of the keys are unknown: ${aliases.Unknown}`]
      : []),
    '',
    'KeyIds is the ring of keys that a stream moves through. Give either',
    '- one alias, as [alias/orders]: the stream moves after you point the alias at another key,',
    '- or at least two keys, as [alias/orders-a, alias/orders-b]: a rotation moves it to the next.',
    'Schedule, as cron(0 3 1 */3 ? *), starts rotations. Without it, people start them.',
    'Alarms, as [{Name: orders-kms-errors, Mode: REVERT}], return a stream to the key before.',
    '',
    'Next:',
    `  ${ownCommand(['plan'], { all: true })}    # on the embedded AWS`,
    `  ${ownCommand(['package'], of)}`,
    `  ${ownCommand(['deploy'], of)}`,
  ];
}

function accountOf({ StreamARN, description }: FoundStream) {
  const arn = 'Error' in description ? StreamARN : description.StreamARN;
  return arn === undefined ? undefined : parseStreamArn(arn)?.account;
}

function draftOf(stream: FoundStream, facts: AccountFacts): Draft {
  const { StreamName, description } = stream;
  const undecided = (note: string[], KeyIds: string[] = []): Draft => ({
    note,
    entry: { StreamName, KeyIds },
    isReady: false,
  });
  if ('Error' in description) {
    const { Error: name, Cause } = description;
    return undecided([
      `${StreamName}: its key is unknown, since Kinesis did not describe it: ${name}: ${Cause}`,
    ]);
  }
  if (description.StreamStatus === 'DELETING') {
    const note = [`${StreamName} is DELETING, and left out.`];
    return { note, isReady: false };
  }
  const KeyId = shownKey(stream);
  if (KeyId === undefined) {
    return undecided([
      `${StreamName} is not encrypted. Give the keys of its ring.`,
    ]);
  }
  const key = facts.keys.get(KeyId) ?? { KeyId };
  const problem = problemOf(key, facts.region);
  if (problem !== undefined) {
    return undecided([
      `${StreamName} is under ${KeyId}, which ${problem}. Give the keys of its ring.`,
    ]);
  }
  if (isAlias(KeyId)) {
    return {
      note: [
        underText(StreamName, key),
        'For a ring of two, add the next key below it.',
      ],
      entry: { StreamName, KeyIds: [KeyId] },
      isReady: true,
    };
  }
  return undecided(
    [underText(StreamName, key), ...nextKey(key, facts)],
    [KeyId],
  );
}

const isAlias = (keyId: string) =>
  parseKeyId(keyId)?.resource.startsWith('alias/') === true;

/** Why a key is not the first key of a ring; undefined where it can be. */
function problemOf(
  { KeyId, Metadata }: ResolvedKey,
  region: string,
): string | undefined {
  const parts = parseKeyId(KeyId);
  if (parts === undefined) return 'is not a key ID in any form of Kinesis';
  if (
    parts.resource === 'alias/aws/kinesis' ||
    Metadata?.KeyManager === 'AWS'
  ) {
    return 'AWS manages: you cannot write its key policy, or disable it';
  }
  return Metadata && unusableReason(Metadata, region);
}

function underText(streamName: string, key: ResolvedKey): string {
  const { KeyId, Metadata } = key;
  if (Metadata === undefined) {
    return `${streamName} is under ${KeyId}, as Kinesis shows it. KMS did not describe it: ${refusalText(key)}`;
  }
  return KeyId === Metadata.Arn
    ? `${streamName} is under ${KeyId}.`
    : `${streamName} is under ${KeyId}, which resolves to ${Metadata.Arn}.`;
}

/** The ways to complete a ring that begins with a key without a name. */
function nextKey(key: ResolvedKey, { aliases }: AccountFacts): string[] {
  const { resource } = parseKeyId(knownArn(key) ?? key.KeyId) ?? {};
  const names =
    'Unknown' in aliases || resource === undefined
      ? []
      : (aliases.get(resource.slice('key/'.length)) ?? []);
  return names.length === 0
    ? ['Add the next key of its ring.']
    : [
        `Add the next key of its ring, or replace it with one alias of this key: ${names.join(', ')}.`,
      ];
}

/** The note, and below it the entry, indented as an item of Streams. */
function blockOf({ note, entry }: Draft): string[] {
  if (entry === undefined) return note;
  const lines = stringify([entry], { lineWidth: 0 }).trimEnd().split('\n');
  return [...note, ...lines.map((line) => `  ${line}`)];
}
