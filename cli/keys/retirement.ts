import { parseArn } from '../../shared/identifiers/arn.ts';
import { commandLine, type GivenFlags } from '../executions/command-lines.ts';
import type { JudgedKey, KeysAnswer } from './judge-keys.ts';

/** A command to copy into a shell, and what it is for. */
export interface RetirementStep {
  purpose: string;
  command: string;
  /** The command that takes it back. */
  back?: string;
}

/** Where `aws` finds the keys. */
export interface AwsFlags {
  region: string;
  profile?: string | undefined;
}

/** The longest waiting period that KMS has, and the one without a number. */
const PENDING_WINDOW_DAYS = 30;

/**
 * Why a key is not to be retired, for people; undefined for one that no record of the
 * streams needs, and that its owner can retire.
 */
export function keptReason(
  key: JudgedKey,
  { unknownRings }: Pick<KeysAnswer, 'unknownRings'>,
): string | undefined {
  const { verdict, neededUntil, unknown, namedBy, state } = key;
  const { metadata, refusal } = state;
  if (verdict === 'IN_USE') return `${streamsUnder(key)} under it now`;
  if (verdict === 'NEEDED') {
    return `records under it are retained until ${iso(neededUntil)}`;
  }
  if (verdict === 'NOT_KNOWN') return `not known: ${unknown.join('; ')}`;
  if (metadata === undefined) return `KMS did not describe it: ${refusal}`;
  if (metadata.KeyManager !== 'CUSTOMER') {
    return 'AWS manages it, and it cannot be deleted';
  }
  if (namedBy.length > 0) {
    return `rotations.yml names it for ${namedBy.join(', ')}, and a rotation may return to it; remove it there first, and deploy`;
  }
  if (unknownRings.length > 0) {
    return `rotations.yml names keys that KMS did not describe, and it may be one of them: ${unknownRings.join('; ')}`;
  }
  const { KeyState, DeletionDate } = metadata;
  return KeyState?.startsWith('Pending') && KeyState.endsWith('Deletion')
    ? `its deletion is scheduled already${DeletionDate ? `, for ${DeletionDate.toISOString()}` : ''}`
    : undefined;
}

function streamsUnder({ uses }: JudgedKey): string {
  const names = uses
    .filter(({ until }) => until === undefined)
    .map(({ StreamName }) => StreamName);
  const under = [...new Set(names)];
  return `${under.join(', ')} ${under.length === 1 ? 'is, or may be,' : 'are, or may be,'}`;
}

/**
 * The steps that retire a key the safe way: disable it, watch, and schedule its deletion.
 *
 * @param now milliseconds since the epoch
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
 */
export function retirementSteps(
  keyArn: string,
  isEnabled: boolean,
  { region, profile }: AwsFlags,
  now: number,
): RetirementStep[] {
  const aws = (words: string[], flags: GivenFlags) =>
    commandLine(['aws', ...words], { ...flags, region, profile });
  const onKey = (operation: string, flags: GivenFlags = {}) =>
    aws(['kms', operation], { 'key-id': keyArn, ...flags });
  const id = parseArn(keyArn)?.resource.slice('key/'.length) ?? keyArn;
  const back = onKey('enable-key');
  return [
    {
      purpose: 'see its last use, and by which event',
      command: onKey('get-key-last-usage'),
    },
    ...(isEnabled
      ? [
          {
            purpose: 'disable it, which can be taken back at once',
            command: onKey('disable-key'),
            back,
          },
        ]
      : []),
    {
      purpose:
        'watch who is refused, for as long as your rarest job takes to come back',
      command: aws(['cloudtrail', 'lookup-events'], {
        'lookup-attributes':
          'AttributeKey=EventSource,AttributeValue=kms.amazonaws.com',
        'start-time': new Date(now).toISOString(),
        query: `Events[?contains(CloudTrailEvent,'DisabledException')&&contains(CloudTrailEvent,'${id}')].CloudTrailEvent`,
      }),
    },
    {
      purpose: `schedule its deletion, ${PENDING_WINDOW_DAYS} days from then`,
      command: onKey('schedule-key-deletion', {
        'pending-window-in-days': String(PENDING_WINDOW_DAYS),
      }),
      back: onKey('cancel-key-deletion'),
    },
  ];
}

const iso = (at: number | undefined) =>
  at === undefined ? 'unknown' : new Date(at).toISOString();
