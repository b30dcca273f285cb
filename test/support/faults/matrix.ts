import {
  altered,
  answeredLate,
  awsError,
  type Call,
  DROPPED_AFTER,
  DROPPED_BEFORE,
  type Fault,
  KILLED_AFTER,
  KILLED_BEFORE,
  type Rule,
  UNAVAILABLE,
} from '../../../local/instruments/fault-proxy.ts';
import type { Observed } from './cell.ts';

/** A call of a state: a row of the matrix. */
export interface CallOfState {
  name: string;
  rule: Pick<Rule, 'service' | 'operation' | 'phase' | 'when'>;
  /** What has to happen for the call to be made at all. */
  given?: Rule[];
  /** Whether the rotation watches an alarm. */
  bakes?: true;
  /** What has happened when the call fails for good. */
  so: Pick<Observed, 'Starts' | 'Slots' | 'Key'>;
  /** How it ends without any fault. */
  normally: Observed;
  /** Where an answer means something else than elsewhere. */
  but?: (fault: FaultName, times: Times) => Partial<Observed> | undefined;
  /** What is different when the rotation is stopped at the call. */
  stopped?: (isApplied: boolean) => Partial<Observed>;
}

/** How often a fault is met; or what follows a kill. */
export type Times = 'once' | 'always' | 'retried' | 'abandoned';

/** Errors of which facts.md tells, each as an answer. */
const REFUSALS = [
  'AccessDeniedException',
  'ConditionalCheckFailedException',
  'InvalidArgumentException',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'KMSOptInRequired',
  'ResourceInUseException',
  'ResourceNotFoundException',
] as const;
const THROTTLES = [
  'KMSThrottlingException',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
] as const;
const ON_THE_WAY = [
  'InternalFailure (500)',
  '503',
  'connection dropped before',
  'connection dropped after',
  'answered after 11 s',
] as const;
const KILLS = ['killed before', 'killed after'] as const;
export type FaultName =
  | (typeof REFUSALS)[number]
  | (typeof THROTTLES)[number]
  | (typeof ON_THE_WAY)[number]
  | (typeof KILLS)[number];
/** What people call all of a kind. */
export const KINDS: Record<string, readonly FaultName[]> = {
  'every refusal': REFUSALS,
  'every throttle': THROTTLES,
  'every loss': ON_THE_WAY,
  'killed before or after': KILLS,
};
const ANSWERS: readonly FaultName[] = [
  ...REFUSALS,
  ...THROTTLES,
  ...ON_THE_WAY,
];

const LATE = 'answered after 11 s';
const MEANS: Record<
  (typeof ON_THE_WAY)[number] | (typeof KILLS)[number],
  Fault
> = {
  'InternalFailure (500)': awsError('InternalFailure', 500),
  '503': UNAVAILABLE,
  'connection dropped before': DROPPED_BEFORE,
  'connection dropped after': DROPPED_AFTER,
  // The functions wait for 10.
  'answered after 11 s': answeredLate(11_000),
  'killed before': KILLED_BEFORE,
  'killed after': KILLED_AFTER,
};

function faultOf(name: FaultName): Fault {
  return MEANS[name as keyof typeof MEANS] ?? awsError(name);
}

const isOneOf = (faults: readonly string[], fault: FaultName) =>
  faults.includes(fault);
const isTransportError = (fault: FaultName) => isOneOf(ON_THE_WAY, fault);
/** What is tried again, by the SDK or by the state machine. */
const isPassing = (fault: FaultName) =>
  isTransportError(fault) || isOneOf(THROTTLES, fault);
/** Without the help of the state machine, which tries the rest of them. */
const isTriedBySdk = (fault: FaultName) =>
  isPassing(fault) && fault !== 'KMSThrottlingException';
const isKmsError = (fault: FaultName) =>
  fault.startsWith('KMS') && !isPassing(fault);

const START = 'StartStreamEncryption';
const isStarted = (_: Call, earlier: readonly Call[]) =>
  earlier.some(({ operation }) => operation === START);
const isProbed = (_: Call, earlier: readonly Call[]) =>
  earlier.some(({ operation }) => operation === 'PutRecord');
const isNotStarted = (call: Call, earlier: readonly Call[]) =>
  !isStarted(call, earlier);
const recordOf = ({ body }: Call) => {
  const { Key, Item } = body as Record<string, { Record?: { S: string } }>;
  return (Key ?? Item)?.Record?.S ?? '';
};
const ofEntry = (call: Call) => recordOf(call) === 'LEDGER';
const ofHistory = (call: Call) => recordOf(call).startsWith('ROTATION#');

const COMMON = {
  Lease: 'none',
  History: 'as the outcome',
  Event: 'as the outcome',
} as const;
const ROTATED: Observed = {
  Ends: 'ROTATED',
  Starts: 1,
  Slots: 1,
  Key: 'new',
  ...COMMON,
};
const REFUSED: Observed = {
  Ends: 'AccessDeniedException',
  Starts: 0,
  Slots: 0,
  Key: 'previous',
  ...COMMON,
};
const NOT_STARTED = { Starts: 0, Slots: 0, Key: 'previous' };
/** The ledger could not be told that the slot is free: it counts too much. */
const NOT_STARTED_UNTOLD = { Starts: 0, Slots: 1, Key: 'previous' };
const ROLLED_BACK = { Starts: 2, Slots: 2, Key: 'previous' };
const UNDONE = {
  ...ROLLED_BACK,
  Ends: 'KMSDisabledException, ROLLED_BACK',
};
const STARTED = { Starts: 1, Slots: 1, Key: 'new' };

const kinesis = (operation: string, phase: string) =>
  ({ service: 'KINESIS', operation, phase }) as const;
const kms = (phase: string) =>
  ({ service: 'KMS', operation: 'DescribeKey', phase }) as const;
const alarms = (when: Rule['when']) =>
  ({
    service: 'CLOUDWATCH',
    operation: 'DescribeAlarms',
    phase: 'WatchAlarms',
    when,
  }) as const;
const ledger = (
  operation: 'GetItem' | 'PutItem',
  phase: string,
  when: Rule['when'] = ofEntry,
) => ({ service: 'DYNAMODB', operation, phase, when }) as const;

const and =
  (...all: NonNullable<Rule['when']>[]): Rule['when'] =>
  (call, earlier) =>
    all.every((each) => each(call, earlier));

const startMeets = (error: string): Rule => ({
  operation: START,
  times: 1,
  fault: awsError(error),
});

/** The lease of a rollback says that there is one. */
const STOPPED_ROLLBACK = { Ends: 'ExecutionAborted, FAILED' };

/** What failed first is what the execution's event says. */
const settledByEvent: CallOfState['but'] = () => REFUSED;

/** A rotation is what it is even if nobody hears of it. */
const heard =
  (normally: Observed): CallOfState['but'] =>
  (fault, times) => {
    const isHeard =
      times === 'retried' ||
      fault === 'connection dropped after' ||
      (times === 'once' && isTriedBySdk(fault));
    return { ...normally, ...(!isHeard && { Event: 'none' }) };
  };

/**
 * A write that a condition refuses is read and written again; one whose answers
 * are lost is looked for.
 */
const contended: NonNullable<CallOfState['but']> = (fault, times) => {
  if (fault === 'connection dropped after') return ROTATED;
  if (fault !== 'ConditionalCheckFailedException') return undefined;
  return times === 'once' ? ROTATED : { Ends: 'LedgerContended' };
};

/**
 * KMS ERRORS OF PutRecord: the key is applied and cannot be used, so the stream
 * gets the one back that it had; the probe may be refused there too.
 */
const kmsErrorOfProbe = (
  fault: FaultName,
  times: Times,
): Partial<Observed> => ({
  Ends: `${fault}, ${times === 'once' ? 'ROLLED_BACK' : 'FAILED'}`,
  ...ROLLED_BACK,
});

const row = (
  name: string,
  rule: CallOfState['rule'],
  so: CallOfState['so'],
  rest: Partial<CallOfState> = {},
): CallOfState => ({ name, rule, so, normally: ROTATED, ...rest });

const START_REFUSED = [startMeets('AccessDeniedException')];
const START_THROTTLED = [startMeets('KMSThrottlingException')];

export const CALLS: readonly CallOfState[] = [
  row(
    'PlanRotation: ledger read',
    ledger('GetItem', 'PlanRotation'),
    NOT_STARTED,
  ),
  row(
    'PlanRotation: DescribeStreamSummary',
    kinesis('DescribeStreamSummary', 'PlanRotation'),
    NOT_STARTED,
  ),
  row(
    'PlanRotation: DescribeKey of the new key',
    { ...kms('PlanRotation'), when: ({ body }) => isAfter(body) },
    NOT_STARTED,
  ),
  row(
    'PlanRotation: DescribeKey of the current key',
    { ...kms('PlanRotation'), when: ({ body }) => !isAfter(body) },
    NOT_STARTED,
    // A current key that KMS does not show is none of the request's.
    { but: (fault) => (isPassing(fault) ? undefined : ROTATED) },
  ),
  row(
    'ReserveQuota: ledger read',
    ledger('GetItem', 'ReserveQuota'),
    NOT_STARTED,
  ),
  row(
    'ReserveQuota: ledger write',
    ledger('PutItem', 'ReserveQuota'),
    NOT_STARTED,
    {
      but: contended,
    },
  ),
  row(
    'StartEncryption: ledger read before the Start',
    ledger('GetItem', 'StartEncryption', and(ofEntry, isNotStarted)),
    NOT_STARTED,
  ),
  row(
    'StartEncryption: ledger write before the Start',
    ledger('PutItem', 'StartEncryption', and(ofEntry, isNotStarted)),
    NOT_STARTED,
    {
      but: contended,
      stopped: (isApplied) => ({ Slots: isApplied ? 1 : 0 }),
    },
  ),
  row(
    'StartEncryption: StartStreamEncryption',
    kinesis(START, 'StartEncryption'),
    NOT_STARTED,
    {
      but: startMet,
      stopped: (isApplied) => (isApplied ? STARTED : { Slots: 1 }),
    },
  ),
  row(
    'StartEncryption: ledger read after the Start',
    ledger('GetItem', 'StartEncryption', and(ofEntry, isStarted)),
    STARTED,
  ),
  row(
    'StartEncryption: ledger write after the Start',
    ledger('PutItem', 'StartEncryption', and(ofEntry, isStarted)),
    STARTED,
    // Describe finds out what the ledger was not told.
    {
      but: (fault) =>
        isPassing(fault) || fault === 'ConditionalCheckFailedException'
          ? ROTATED
          : undefined,
    },
  ),
  row(
    'StartEncryption: ledger read after a throttled Start',
    ledger('GetItem', 'StartEncryption', and(ofEntry, isStarted)),
    NOT_STARTED_UNTOLD,
    { given: START_THROTTLED },
  ),
  row(
    'StartEncryption: ledger write after a throttled Start',
    ledger('PutItem', 'StartEncryption', and(ofEntry, isStarted)),
    NOT_STARTED_UNTOLD,
    {
      given: START_THROTTLED,
      but: (fault, times) => {
        if (times !== 'always') return contended(fault, times);
        const isLater =
          isPassing(fault) || fault === 'ConditionalCheckFailedException';
        return { ...(isLater && NOT_STARTED), ...contended(fault, times) };
      },
      stopped: (isApplied) => ({ Slots: isApplied ? 0 : 1 }),
    },
  ),
  row(
    'StartEncryption: DescribeKey of a key in no usable state',
    kms('StartEncryption'),
    NOT_STARTED,
    {
      given: [startMeets('KMSInvalidStateException')],
      normally: { ...REFUSED, Ends: 'KMSInvalidStateException' },
      but: (_, times) =>
        times === 'retried'
          ? ROTATED
          : { ...REFUSED, Ends: 'KMSInvalidStateException' },
    },
  ),
  row(
    'DescribeStream: DescribeStreamSummary',
    kinesis('DescribeStreamSummary', 'DescribeStream'),
    STARTED,
  ),
  row(
    'DescribeStream: DescribeKey of a KeyId that reads otherwise',
    kms('DescribeStream'),
    STARTED,
    {
      given: [
        {
          ...kinesis('DescribeStreamSummary', 'DescribeStream'),
          fault: altered(withOtherAlias),
        },
      ],
      but: (fault, times) => {
        if (isPassing(fault) || times === 'retried') return undefined;
        return times === 'once' ? ROTATED : { Ends: 'KeyMismatch' };
      },
    },
  ),
  row(
    'VerifyEncryption: PutRecord',
    kinesis('PutRecord', 'VerifyEncryption'),
    STARTED,
    {
      but: (fault, times) =>
        isKmsError(fault) ? kmsErrorOfProbe(fault, times) : undefined,
    },
  ),
  row(
    'WatchAlarms, before the Start: DescribeAlarms',
    alarms(isNotStarted),
    NOT_STARTED,
    { bakes: true },
  ),
  row(
    'WatchAlarms, during the bake: DescribeAlarms',
    alarms(isProbed),
    STARTED,
    { bakes: true },
  ),
  rollback(
    'PlanRollback: ledger read',
    ledger('GetItem', 'PlanRollback'),
    STARTED,
  ),
  rollback(
    'PlanRollback: DescribeStreamSummary',
    kinesis('DescribeStreamSummary', 'PlanRollback'),
    STARTED,
  ),
  rollback('PlanRollback: DescribeKey', kms('PlanRollback'), STARTED, {
    // The ARN that the ledger knows will do.
    but: (fault, times) =>
      isPassing(fault) || times === 'retried'
        ? rollbackFailed(fault, times)
        : { ...UNDONE, Key: 'previous, by its ARN' },
  }),
  rollback(
    'ReserveQuota, rolling back: ledger write',
    ledger('PutItem', 'ReserveQuota', and(ofEntry, isProbed)),
    STARTED,
    {
      but: (fault, times) =>
        contended(fault, times)?.Ends === 'ROTATED'
          ? UNDONE
          : rollbackFailed(fault, times),
      stopped: (isApplied) => (isApplied ? STOPPED_ROLLBACK : {}),
    },
  ),
  rollback(
    'StartEncryption, rolling back: StartStreamEncryption',
    { ...kinesis(START, 'StartEncryption'), when: isProbed },
    STARTED,
    {
      but: (fault, times) => {
        const isBusy = fault === 'ResourceInUseException';
        if (isBusy && times === 'always') {
          return { Ends: 'KMSDisabledException, IMPOSSIBLE' };
        }
        return isBusy || fault === 'connection dropped after'
          ? UNDONE
          : rollbackFailed(fault, times);
      },
      stopped: (isApplied) => ({
        ...(isApplied ? ROLLED_BACK : { Slots: 2 }),
        ...STOPPED_ROLLBACK,
      }),
    },
  ),
  rollback(
    'DescribeStream, rolling back: DescribeStreamSummary',
    { ...kinesis('DescribeStreamSummary', 'DescribeStream'), when: isProbed },
    ROLLED_BACK,
    { stopped: () => STOPPED_ROLLBACK },
  ),
  rollback(
    'VerifyEncryption, rolling back: PutRecord',
    { ...kinesis('PutRecord', 'VerifyEncryption'), when: isProbed },
    ROLLED_BACK,
    { stopped: () => STOPPED_ROLLBACK },
  ),
  row(
    'CompleteRotation: ledger read',
    ledger('GetItem', 'CompleteRotation'),
    STARTED,
  ),
  row(
    'CompleteRotation: ledger write',
    ledger('PutItem', 'CompleteRotation'),
    STARTED,
    {
      but: contended,
    },
  ),
  row(
    'CompleteRotation: history',
    ledger('PutItem', 'CompleteRotation', ofHistory),
    STARTED,
    {
      but: (fault, times) =>
        fault === 'ConditionalCheckFailedException'
          ? { ...ROTATED, History: 'none' }
          : contended(fault, times),
      stopped: (isApplied) => (isApplied ? ROTATED : {}),
    },
  ),
  row(
    'CompleteRotation: PutEvents',
    { service: 'EVENTBRIDGE', phase: 'CompleteRotation' },
    STARTED,
    {
      but: heard(ROTATED),
      stopped: () => ROTATED,
    },
  ),
  row(
    'SettleFailure, after a refused Start: ledger read',
    ledger('GetItem', 'SettleFailure'),
    NOT_STARTED,
    { given: START_REFUSED, normally: REFUSED, but: settledByEvent },
  ),
  row(
    'SettleFailure, after a refused Start: ledger write',
    ledger('PutItem', 'SettleFailure'),
    NOT_STARTED,
    { given: START_REFUSED, normally: REFUSED, but: settledByEvent },
  ),
  row(
    'SettleFailure, after a refused Start: history',
    ledger('PutItem', 'SettleFailure', ofHistory),
    NOT_STARTED,
    {
      given: START_REFUSED,
      normally: REFUSED,
      but: (fault, times) => ({
        ...REFUSED,
        // The execution's event has the name and the cause, but not the plan.
        ...(times !== 'retried' &&
          (times === 'always' || !isTriedBySdk(fault)) &&
          fault !== 'connection dropped after' && {
            History: REFUSED.Ends,
            Event: REFUSED.Ends,
          }),
      }),
      stopped: (isApplied) => (isApplied ? REFUSED : {}),
    },
  ),
  row(
    'SettleFailure, after a refused Start: PutEvents',
    { service: 'EVENTBRIDGE', phase: 'SettleFailure' },
    NOT_STARTED,
    {
      given: START_REFUSED,
      normally: REFUSED,
      but: heard(REFUSED),
      stopped: () => REFUSED,
    },
  ),
];

/** What failed first is what a rotation failed of. */
function rollbackFailed(
  fault: FaultName,
  times: Times,
): Partial<Observed> | undefined {
  const isOver = times === 'retried' || (times === 'once' && isPassing(fault));
  return isOver ? undefined : { Ends: 'KMSDisabledException, FAILED' };
}

/** After a probe that KMS refused. */
function rollback(
  name: string,
  rule: CallOfState['rule'],
  so: CallOfState['so'],
  rest: Partial<CallOfState> = {},
): CallOfState {
  const probe: Rule = {
    operation: 'PutRecord',
    times: 1,
    fault: awsError('KMSDisabledException'),
  };
  return row(name, rule, so, {
    given: [probe],
    but: rollbackFailed,
    normally: { ...ROTATED, ...UNDONE },
    ...rest,
  });
}

function isAfter(body: Call['body']): boolean {
  return String(body.KeyId).endsWith('-after');
}

/** The same key by another of its names. */
function withOtherAlias(answer: {
  StreamDescriptionSummary: { KeyId?: string };
}): object {
  const { KeyId } = answer.StreamDescriptionSummary;
  return {
    StreamDescriptionSummary: {
      ...answer.StreamDescriptionSummary,
      KeyId: KeyId?.replace(/-after$/, '-after-too'),
    },
  };
}

function startMet(
  fault: FaultName,
  times: Times,
): Partial<Observed> | undefined {
  if (fault === 'connection dropped after' || fault === LATE) return ROTATED;
  if (isTransportError(fault)) {
    return times === 'once' ? ROTATED : { Ends: 'StartNotApplied' };
  }
  switch (fault) {
    case 'LimitExceededException':
      return times === 'once' ? ROTATED : { Ends: 'QuotaExhausted' };
    case 'ResourceInUseException':
      return times === 'once' ? ROTATED : { Ends: 'StreamBusy' };
  }
  return undefined;
}

export interface Cell {
  call: CallOfState;
  fault: FaultName;
  times: Times;
  rules: Rule[];
  bakes: boolean;
  isAbandoned: boolean;
  expected: Observed;
}

export const CELLS: readonly Cell[] = CALLS.flatMap((call) => [
  ...ANSWERS.map((fault) => cell(call, fault, 'once')),
  // Always late would be minutes of waiting for what `dropped` shows too.
  ...ANSWERS.filter((fault) => fault !== LATE).map((fault) =>
    cell(call, fault, 'always'),
  ),
  ...KILLS.map((fault) => cell(call, fault, 'retried')),
  ...KILLS.map((fault) => cell(call, fault, 'abandoned')),
]);

function cell(call: CallOfState, fault: FaultName, times: Times): Cell {
  const met = times === 'always' ? {} : { times: 1 };
  return {
    call,
    fault,
    times,
    rules: [
      { ...call.rule, ...met, fault: faultOf(fault) },
      ...(call.given ?? []),
    ],
    bakes: call.bakes ?? false,
    isAbandoned: times === 'abandoned',
    expected: expectation(call, fault, times),
  };
}

function expectation(
  call: CallOfState,
  fault: FaultName,
  times: Times,
): Observed {
  const common = { ...call.so, ...COMMON };
  switch (times) {
    case 'retried':
      return { ...call.normally, ...call.but?.(fault, times) };
    case 'abandoned':
      return {
        ...common,
        Ends: 'ExecutionAborted',
        ...call.stopped?.(fault === 'killed after'),
      };
    default:
      return {
        ...common,
        Ends: isPassing(fault) ? 'ServiceUnavailable' : fault,
        ...(isPassing(fault) && times === 'once' && call.normally),
        ...call.but?.(fault, times),
      };
  }
}

/** What a person calls the cell. */
export function nameOf({ fault, times }: Cell): string {
  return `${fault}, ${times}`;
}

/** Takes tens of seconds, in which the SDK waits. */
export function isSlow({ fault, times }: Cell): boolean {
  const isContended = fault === 'ConditionalCheckFailedException';
  const isPaced = isOneOf(THROTTLES, fault) || isContended;
  return fault === LATE || (isPaced && times === 'always');
}
