import type { Failure } from '../../shared/contract/outcome.ts';
import type { ErrorName } from '../../shared/errors/errors.ts';
import {
  commandLine,
  followCommand,
  type GivenFlags,
  ownCommand,
} from './command-lines.ts';

/** Where a rotation ran, by the flags that lead there; the embedded AWS without. */
export interface Where {
  stage?: string | undefined;
  /** In the place of a stage. */
  stateMachineArn?: string | undefined;
  region?: string | undefined;
  profile?: string | undefined;
  /** The path of rotations.yml, if it is not the usual one. */
  rotations?: string | undefined;
}

/** What goes on after a failure, as docs/errors.md has it. */
type Step =
  /** The same key once more: what was applied is proved, and nothing is spent. */
  | 'AGAIN'
  /** A look at what would happen now, after a correction. */
  | 'PLAN'
  | 'QUOTA'
  | 'OTHER_ROTATION'
  /** Who else moves the stream. */
  | 'CALLERS'
  | 'STREAM'
  | 'STREAMS'
  | 'KEYS'
  | 'ALARMS'
  /** All that is known, for a report. */
  | 'RECORD';

const STEPS: Record<ErrorName, Step> = {
  InvalidRequest: 'PLAN',
  UnusableKey: 'PLAN',
  InvalidKeyRing: 'PLAN',
  KeyNotInRing: 'PLAN',
  QuotaExhausted: 'QUOTA',
  RotationInProgress: 'OTHER_ROTATION',
  StreamBusy: 'AGAIN',
  StartNotApplied: 'AGAIN',
  StartUnconfirmed: 'AGAIN',
  KeyMismatch: 'CALLERS',
  UpdateTimedOut: 'AGAIN',
  RecordNotEncrypted: 'STREAM',
  AlarmBeforeStart: 'ALARMS',
  AlarmDuringBake: 'ALARMS',
  LedgerContended: 'AGAIN',
  ServiceUnavailable: 'AGAIN',
  RightsPending: 'AGAIN',
  ExecutionAborted: 'PLAN',
  InternalError: 'RECORD',
};

/** AWS's own names; others are planned again. */
const AWS_STEPS: Record<string, Step> = {
  ResourceNotFoundException: 'STREAMS',
  NotFoundException: 'KEYS',
  AccessDeniedException: 'AGAIN',
  KMSAccessDeniedException: 'AGAIN',
};

/** An ARN of an execution of ours, as a cause names another rotation. */
const EXECUTION = /arn:[\w-]+:states:[\w-]+:\d{12}:execution:[\w-]+:[\w-]+/;

/**
 * The one command that goes on from a failed rotation, to copy into a shell.
 *
 * @param where where it ran
 */
export function nextCommand(failure: Failure, where: Where = {}): string {
  const { Error: name, Cause, KeyId, StartedAt } = failure;
  const step = { ...AWS_STEPS, ...STEPS }[name] ?? 'PLAN';
  const { region, profile } = where;
  const isDeployed = (where.stage ?? where.stateMachineArn) !== undefined;
  const aws = (words: string[], flags: GivenFlags = {}) =>
    commandLine(['aws', ...words], { ...flags, region, profile });
  switch (step) {
    case 'AGAIN':
      return KeyId === undefined
        ? planCommand(failure, where)
        : rotateCommand(failure, where);
    case 'QUOTA':
      return where.stateMachineArn === undefined
        ? ownCommand(['quota'], { ...streamFlag(failure), ...flagsOf(where) })
        : rotateCommand(failure, where, { 'on-quota-exhausted': 'WAIT' });
    case 'RECORD':
      return isDeployed
        ? ownCommand(['follow', failure.RotationId], {
            output: 'json',
            profile,
          })
        : historyCommand(failure, where);
    case 'OTHER_ROTATION': {
      const [other] = EXECUTION.exec(Cause) ?? [];
      return isDeployed && other !== undefined
        ? followCommand(other, profile)
        : planCommand(failure, where);
    }
    default:
      break;
  }
  if (!isDeployed) return planCommand(failure, where);
  switch (step) {
    case 'CALLERS':
      return aws(['cloudtrail', 'lookup-events'], {
        'lookup-attributes':
          'AttributeKey=EventName,AttributeValue=StartStreamEncryption',
        'start-time': StartedAt,
      });
    case 'STREAM':
      return aws(['kinesis', 'describe-stream-summary'], streamFlag(failure));
    case 'STREAMS':
      return aws(['kinesis', 'list-streams']);
    case 'KEYS':
      return aws(['kms', 'list-aliases']);
    case 'ALARMS':
      return aws(['cloudwatch', 'describe-alarms'], {
        'state-value': 'ALARM',
      });
    default:
      return planCommand(failure, where);
  }
}

/** A plan needs the ledger, and so a stage; without one the rotation plans itself. */
function planCommand(failure: Failure, where: Where): string {
  if (where.stateMachineArn !== undefined) return rotateCommand(failure, where);
  const stream = streamFlag(failure);
  if (Object.keys(stream).length === 0) {
    return ownCommand(['plan'], { all: true, ...flagsOf(where) });
  }
  const { KeyId } = failure;
  return ownCommand(['plan'], {
    ...stream,
    'key-id': KeyId,
    ...flagsOf(where),
  });
}

function rotateCommand(
  failure: Failure,
  where: Where,
  flags: GivenFlags = {},
): string {
  const { Error: name, KeyId, RepointedFrom } = failure;
  // The key read the same before: its alias was repointed, or it was forced.
  const isForced = name === 'StartUnconfirmed' && RepointedFrom === undefined;
  return ownCommand(['rotate'], {
    ...streamFlag(failure),
    'key-id': KeyId,
    ...(isForced && { force: true }),
    ...flags,
    ...flagsOf(where),
  });
}

/**
 * The command that lists what failed in a fleet; undefined where a state machine
 * names no ledger.
 *
 * @param startedAt when the fleet started, ISO 8601
 */
export function failuresCommand(
  startedAt: string,
  where: Where = {},
): string | undefined {
  if (where.stateMachineArn !== undefined) return undefined;
  return ownCommand(['history'], {
    status: 'FAILED',
    since: startedAt,
    ...flagsOf(where),
  });
}

function historyCommand(failure: Failure, where: Where): string {
  return ownCommand(['history'], {
    ...streamFlag(failure),
    status: 'FAILED',
    output: 'json',
    ...flagsOf(where),
  });
}

function streamFlag({ StreamName, StreamARN }: Failure): GivenFlags {
  if (StreamName !== undefined) return { 'stream-name': StreamName };
  return StreamARN === undefined ? {} : { 'stream-arn': StreamARN };
}

function flagsOf(where: Where): GivenFlags {
  const { stage, stateMachineArn, region, profile, rotations } = where;
  // The state machine's ARN names its Region.
  return stateMachineArn === undefined
    ? { stage, region, profile, rotations }
    : { 'state-machine-arn': stateMachineArn, profile, rotations };
}
