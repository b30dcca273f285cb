import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import {
  parseRequest,
  type RotationRequest,
} from '../../shared/contract/request.ts';
import {
  requestedKeys,
  requestedStream,
} from '../../shared/contract/requested.ts';
import { AwsRefusal, RotationError } from '../../shared/errors/errors.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import { emptyEntry, type LedgerEntry } from '../../shared/ledger/entry.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { reserve } from '../../shared/ledger/reserve.ts';
import { settle } from '../../shared/ledger/settle.ts';
import { spend } from '../../shared/ledger/spend.ts';
import { type Quota, usage } from '../../shared/ledger/usage.ts';
import { LEASE_MS } from '../../shared/rotation/deadlines.ts';
import type { KeyPlan, Plan } from '../../shared/rotation/state.ts';
import type { AccessReport } from '../access-check/access-report.ts';
import { awsProblem } from '../errors/explain-aws.ts';
import { callsOf, costOf, type RotationCalls } from './rotation-cost.ts';

/** What a rotation would do if it started now. Times are ISO 8601. */
export interface RotationPreview {
  StreamName: string;
  StreamARN?: string;
  /** How it would end. */
  Expected: 'ROTATED' | 'UNCHANGED' | 'ALREADY_IN_PROGRESS' | 'FAILED';
  /** For people: why. */
  Reason: string;
  /** Of one that would fail. */
  Error?: string;
  Cause?: string;
  /** For people: why a rotation that changes nothing would help no writer or reader. */
  Warning?: string;
  /** Before it could start: another update, or a slot that is not free yet. */
  WaitsFor?: string;
  KeyId?: string;
  KeyArn?: string;
  PreviousKeyId?: string | null;
  PreviousKeyArn?: string | null;
  /** Why a rollback would be impossible; absent where none is known. */
  NoWayBack?: string;
  QuotaBefore?: Quota;
  QuotaAfter?: Quota;
  Estimate?: Estimate;
  /** Of a stream of rotations.yml. */
  Standing?: Standing;
  /** Who would lose access, where another key would be applied. */
  Access?: AccessReport;
}

/** What stands while nothing rotates, a month, at list prices without free tiers. */
interface Standing {
  SweepMinutes: number;
  StreamUsd: number;
  /** Shared by all streams of the stage. */
  StageUsd: number;
}

interface Estimate {
  /** How long the stream would be UPDATING. */
  UpdateSeconds: number;
  /** From the start to the probe's answer, once it can start. */
  Seconds: number;
  /** For people: where the figures come from. */
  BasedOn: string;
  Calls: RotationCalls;
  /** At list prices, without free tiers. */
  CostUsd: number;
}

export interface PreviewClients {
  kinesis: KinesisClient;
  kms: KMSClient;
  dynamodb: DynamoDBClient;
  /** Of the ledger; undefined where none is deployed yet, so that it is empty. */
  tableName: string | undefined;
  now: () => number;
}

/** What an update is taken to last where none of the stream is known. */
const USUAL_UPDATE_SECONDS = 10;
const PROPAGATION_SECONDS = 5;
/** All that is neither the update nor the wait for propagation. */
const OVERHEAD_SECONDS = 1;
/** Latest rotations that determine how long an update takes. */
const REMEMBERED = 10;

/**
 * Plans a rotation as PlanRotation and ReserveQuota would, with the same code,
 * and changes nothing.
 *
 * @param executions how ARNs of executions begin where it would run
 * @throws {RotationError} ServiceUnavailable, what DynamoDB refuses, and the denials
 *   that the caller's own credentials meet
 */
export async function previewRotation(
  input: Record<string, unknown>,
  executions: string,
  clients: PreviewClients,
): Promise<RotationPreview> {
  const request = parseRequest(input);
  const StreamName = requestedStream(request);
  const now = clients.now();
  const RotationId = `${executions}plan`;
  let entry: LedgerEntry | undefined;
  const { tableName } = clients;
  const ledger =
    tableName === undefined
      ? { read: async (streamArn: string) => emptyEntry(streamArn) }
      : new LedgerReader(clients.dynamodb, tableName);
  // It makes clients and a logger as it is loaded, by what the variables say.
  const { createPlanRotation } = await import(
    '../../functions/plan-rotation.ts'
  );
  const planRotation = createPlanRotation({
    kinesis: clients.kinesis,
    kms: clients.kms,
    ledger: {
      read: async (streamArn) => {
        entry = await ledger.read(streamArn);
        return entry;
      },
    },
    now: clients.now,
  });
  const event = {
    Request: input,
    RotationId,
    StartedAt: new Date(now).toISOString(),
  };
  let plan: Plan;
  try {
    const context = { functionName: 'PlanRotation' };
    ({ Plan: plan } = await planRotation(event, context as never));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return {
      StreamName,
      Expected: 'FAILED',
      Reason: 'it would be refused',
      Error: error.name,
      Cause: error.message,
      ...(entry && { QuotaBefore: usage(entry, now) }),
    };
  }
  const { StreamARN } = plan;
  if (entry === undefined) throw new Error('PlanRotation reads the ledger');
  const QuotaBefore = usage(entry, now);
  const common = { StreamName, StreamARN, Reason: plan.Reason, QuotaBefore };
  if (plan.Decision === 'STREAM_BUSY') {
    return {
      ...common,
      Expected: 'ROTATED',
      WaitsFor: `the stream, which is busy`,
    };
  }
  const { KeyId, KeyArn, PreviousKeyId, PreviousKeyArn } = plan;
  const { NoWayBack, Warning } = plan;
  const keyed = {
    ...common,
    KeyId,
    KeyArn,
    PreviousKeyId,
    PreviousKeyArn,
    ...(NoWayBack && { NoWayBack }),
    ...(Warning && { Warning }),
  };
  const keys = keysAskedFor(request, plan, entry);
  if (plan.Decision === 'UNCHANGED') {
    const calls = callsOf(keys);
    return {
      ...keyed,
      Expected: 'UNCHANGED',
      QuotaAfter: QuotaBefore,
      Estimate: {
        UpdateSeconds: 0,
        Seconds: OVERHEAD_SECONDS,
        BasedOn: 'no key is applied',
        Calls: calls,
        CostUsd: costOf(calls),
      },
    };
  }
  const granted = grant(entry, plan, now);
  if (granted.Expected !== 'ROTATED') return { ...keyed, ...granted };
  const { seconds, BasedOn } = await usualUpdate(clients, StreamARN);
  const bakeMinutes = plan.Bake?.Minutes ?? 0;
  const Calls = callsOf(keys, seconds, bakeMinutes);
  return {
    ...keyed,
    ...granted,
    Estimate: {
      UpdateSeconds: seconds,
      Seconds:
        seconds + PROPAGATION_SECONDS + OVERHEAD_SECONDS + bakeMinutes * 60,
      BasedOn,
      Calls,
      CostUsd: costOf(Calls),
    },
  };
}

/** How many keys PlanRotation describes. */
function keysAskedFor(
  request: RotationRequest,
  { PreviousKeyId: current, RepointedFrom }: KeyPlan,
  { LastApplied }: LedgerEntry,
): number {
  const { keyIds } = requestedKeys(request);
  // A repointed alias and, by its ARN, the key that it was before.
  if (RepointedFrom !== undefined) return keyIds.length + 1;
  const isKnown =
    current === null ||
    keyIds.includes(current) ||
    (LastApplied?.KeyId === current && LastApplied.KeyArn !== undefined);
  return keyIds.length + (isKnown ? 0 : 1);
}

type Granted = Pick<
  RotationPreview,
  'Expected' | 'Error' | 'Cause' | 'WaitsFor' | 'QuotaAfter'
>;

/** What the ledger would answer, by its own transitions. */
function grant(entry: LedgerEntry, plan: KeyPlan, now: number): Granted {
  const claim = { ...plan, LeaseMs: LEASE_MS };
  const { answer, entry: reserved } = reserve(entry, claim, now);
  switch (answer.Status) {
    case 'GRANTED': {
      const held = reserved ?? entry;
      const { entry: spent = held } = spend(
        held,
        plan.RotationId,
        answer.SlotId,
        now,
        now,
      );
      const { entry: settled = spent } = settle(spent, plan.RotationId, now);
      return { Expected: 'ROTATED', QuotaAfter: usage(settled, now) };
    }
    case 'QUOTA_EXHAUSTED': {
      const { NextAvailableAt } = answer;
      return plan.OnQuotaExhausted === 'WAIT'
        ? { Expected: 'ROTATED', WaitsFor: `a slot, until ${NextAvailableAt}` }
        : {
            Expected: 'FAILED',
            Error: 'QuotaExhausted',
            Cause: `No slot is free before ${NextAvailableAt}. Start it then, or with OnQuotaExhausted WAIT`,
          };
    }
    case 'IN_PROGRESS':
      return answer.Lease.KeyArn === plan.KeyArn
        ? { Expected: 'ALREADY_IN_PROGRESS' }
        : {
            Expected: 'FAILED',
            Error: 'RotationInProgress',
            Cause: `${answer.Lease.RotationId} is moving the stream to ${answer.Lease.KeyId}. Wait for it, or stop it`,
          };
    case 'STOPPED':
    case 'STALE_PLAN':
      return {
        Expected: 'ROTATED',
        WaitsFor: 'a rotation that has just ended',
      };
  }
}

/** The median of what the latest updates of the stream took. */
async function usualUpdate(
  { dynamodb, tableName }: PreviewClients,
  streamArn: string,
): Promise<{ seconds: number; BasedOn: string }> {
  const known: number[] = [];
  const history =
    tableName === undefined ? [] : readHistory(dynamodb, tableName, streamArn);
  for await (const outcome of history) {
    if (outcome.Outcome !== 'ROTATED' || outcome.ActiveAt === null) continue;
    const ms = Date.parse(outcome.ActiveAt) - Date.parse(outcome.StartedAt);
    known.push(ms / 1000);
    if (known.length === REMEMBERED) break;
  }
  const median = known.sort((a, b) => a - b)[Math.floor(known.length / 2)];
  return median === undefined
    ? {
        seconds: USUAL_UPDATE_SECONDS,
        BasedOn: `an update of ${USUAL_UPDATE_SECONDS} s, since no rotation of this stream is known`,
      }
    : {
        seconds: Math.round(median),
        BasedOn: `the last ${known.length === 1 ? 'rotation' : `${known.length} rotations`} of this stream`,
      };
}

/** Whether the rotation would be refused; the rights of the caller are not its own. */
const isRefusal = (error: unknown): error is Error =>
  awsProblem(error) === undefined &&
  ((error instanceof RotationError && error.name !== 'ServiceUnavailable') ||
    error instanceof AwsRefusal);
