import * as v from 'valibot';
import {
  type Failure,
  keyNow,
  type Outcome,
  type Success,
} from '../contract/outcome.ts';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import { STREAM_NAME } from '../identifiers/arn.ts';
import { fieldOf } from '../json.ts';
import { compose, cut, type Fact, type TopicMessage } from './message-text.ts';
import { runbookOfError, runbookOfWarning } from './runbook.ts';

/** Characters of a cause in mail and in chat; the JSON has all. */
const MAX_CAUSE = 2000;

interface Deployment {
  stage: string;
  /** The page of the runbook, a path or a URL. */
  runbook: string;
}

const TEXT = v.optional(v.string());
const OUTCOME = v.pipe(
  v.looseObject({
    Status: v.picklist(['SUCCEEDED', 'FAILED']),
    RotationId: v.string(),
    StartedAt: v.string(),
    StreamName: v.optional(v.pipe(v.string(), v.regex(STREAM_NAME))),
    Outcome: TEXT,
    KeyId: TEXT,
    PreviousKeyId: v.optional(v.nullable(v.string())),
    Error: TEXT,
    Cause: TEXT,
    Warning: TEXT,
    Rollback: v.optional(
      v.looseObject({
        Status: v.string(),
        Cause: TEXT,
        KeyId: TEXT,
        VerifiedAt: TEXT,
      }),
    ),
  }),
  v.check(({ Status, StreamName, Outcome, Error: error, Cause }) =>
    Status === 'SUCCEEDED'
      ? StreamName !== undefined && Outcome !== undefined
      : error !== undefined && Cause !== undefined,
  ),
);

/**
 * Reads the outcome in an event that the notifier put on the bus.
 *
 * @throws {RotationError} InvalidRequest for another event
 */
export function outcomeOf(event: unknown): Outcome {
  const detail = fieldOf(event, 'detail');
  if (v.is(OUTCOME, detail)) return detail as unknown as Outcome;
  throw new RotationError(
    'InvalidRequest',
    `detail ${quote(detail)} is not the outcome of a rotation`,
  );
}

/** What subscribers of the topics read about an outcome. */
export function outcomeMessage(
  outcome: Outcome,
  deployment: Deployment,
): TopicMessage {
  const { stage } = deployment;
  const { Status, RotationId, StreamName = 'unknown stream' } = outcome;
  const isFailed = outcome.Status === 'FAILED';
  const why = isFailed ? outcome.Cause : outcome.Warning;
  return compose({
    title: `${StreamName} (${stage}): rotation ${endOf(outcome)}`,
    text: why === undefined ? '' : cut(why, MAX_CAUSE),
    facts: isFailed ? factsOfFailure(outcome) : factsOfSuccess(outcome),
    mailFacts: [['Rotation', RotationId]],
    steps: nextSteps(outcome, deployment),
    streamName: StreamName,
    stage,
    metadata: {
      threadId: RotationId,
      eventType: eventTypeOf(outcome),
      relatedResources: [RotationId],
      additionalContext: { Status, StreamName, RotationId },
    },
    detail: outcome,
  });
}

function endOf(outcome: Outcome): string {
  if (outcome.Status === 'FAILED') return `FAILED, ${outcome.Error}`;
  return outcome.Warning ? `WARNING, ${outcome.Outcome}` : outcome.Outcome;
}

function eventTypeOf(outcome: Outcome): string {
  if (outcome.Status === 'FAILED') return 'Rotation Failed';
  return outcome.Warning ? 'Rotation Warning' : 'Rotation Succeeded';
}

function factsOfFailure(failure: Failure): Fact[] {
  const { Rollback, SlotsSpent, StartedAt } = failure;
  const now =
    Rollback?.Status === 'ROLLED_BACK'
      ? `under ${Rollback.KeyId} again, verified at ${Rollback.VerifiedAt}`
      : keyNow(failure);
  return [
    ...fact('Stream is', now),
    ...fact('Rollback', rollback(failure)),
    ...fact('Slots spent', SlotsSpent),
    ...fact('Started at', StartedAt),
    ...fact('Started by', failure.Trigger?.Source),
  ];
}

/** Why a rollback that was needed did not happen. */
function rollback({ Rollback }: Failure): string | undefined {
  if (Rollback === undefined || Rollback.Status === 'ROLLED_BACK') return;
  const { Status, Cause } = Rollback;
  return Cause ? `${Status}, ${Cause}` : Status;
}

function factsOfSuccess(success: Success): Fact[] {
  const { KeyId, PreviousKeyId, VerifiedAt, StartedAt } = success;
  return [
    ...fact('Key', KeyId),
    ...fact('Previous key', PreviousKeyId ?? 'not encrypted'),
    ...fact('Verified at', VerifiedAt ?? 'not verified by this rotation'),
    ...fact('Repointed from', success.RepointedFrom),
    ...fact('In progress', success.InProgressRotationId),
    ...fact('Started at', StartedAt),
    ...fact('Started by', success.Trigger?.Source),
  ];
}

function fact(name: string, value: unknown): Fact[] {
  return value === undefined
    ? []
    : [
        [
          name,
          cut(typeof value === 'string' ? value : quote(value), MAX_CAUSE),
        ],
      ];
}

function nextSteps(outcome: Outcome, { stage, runbook }: Deployment): string[] {
  const { StreamName } = outcome;
  const isFailed = outcome.Status === 'FAILED';
  if (!isFailed && outcome.Warning === undefined) return [];
  const page = isFailed
    ? runbookOfError(outcome.Error, runbook)
    : runbookOfWarning(runbook);
  const stream = StreamName === undefined ? '' : ` --stream-name ${StreamName}`;
  return [
    `Runbook: ${page}`,
    `npx kinesis-key-rotation history --stage ${stage}${stream} --since 24h`,
  ];
}
