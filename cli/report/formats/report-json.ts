import type { KeysAnswer } from '../../keys/judge-keys.ts';
import {
  keyDocument as keyNeedDocument,
  coverageDocument as keysCoverageDocument,
} from '../../keys/keys-document.ts';
import { printable } from '../../output/printable.ts';
import { findings } from '../findings.ts';
import type { KeyFacts } from '../key-facts.ts';
import type { KeySpan } from '../key-history.ts';
import type { Coverage, ReportInput } from '../report-input.ts';
import {
  type ReportModel,
  type ReportRow,
  reportModel,
  type StreamModel,
} from '../report-model.ts';
import { describedKey } from '../sightings.ts';

/** Raised when a field goes or changes its meaning, not when one comes. */
export const SCHEMA_VERSION = 1;

/**
 * Writes the report as JSON, in the fields that docs/report.md lists. Times are
 * ISO 8601 in UTC. An absent field is unknown or does not apply, and a KeyId of null
 * is a stream without encryption. Hidden characters are escaped.
 */
export function reportJson(input: ReportInput): string {
  const document = reportDocument(reportModel(input));
  return `${printable(JSON.stringify(document, null, 2))}\n`;
}

function reportDocument(model: ReportModel): object {
  const { summary } = model;
  return {
    SchemaVersion: SCHEMA_VERSION,
    GeneratedAt: iso(model.generatedAt),
    From: iso(model.from),
    To: iso(model.to),
    Account: model.account,
    Region: model.region,
    Stage: model.stage,
    LedgerTable: model.tableName,
    Version: model.version,
    Configuration: configurationDocument(model),
    Summary: {
      Streams: summary.streams,
      Conditions: summary.conditions,
      Timeliness: summary.timeliness,
      Rotations: summary.rotations,
      Results: summary.results,
      ExternalStarts: summary.externalStarts,
      ExternalStops: summary.externalStops,
      SlotsSpent: summary.slotsSpent,
    },
    Findings: findings(model).map(({ when, StreamName, text }) => ({
      When: when,
      StreamName,
      Text: text,
    })),
    Streams: model.streams.map(streamDocument),
    Coverage: coverageDocument(model.coverage),
    ...(model.keyNeeds && { KeyNeeds: keyNeedsDocument(model.keyNeeds) }),
  };
}

function keyNeedsDocument(answer: KeysAnswer): object {
  return {
    At: iso(answer.at),
    Keys: answer.keys.map(keyNeedDocument),
    Coverage: keysCoverageDocument(answer),
  };
}

function configurationDocument({ configuration }: ReportModel): object {
  const { rotations, template } = configuration;
  return {
    RotationsFile: {
      Status: rotations.status,
      ...(rotations.status === 'READ' && { Path: rotations.path }),
      ...(rotations.status === 'UNKNOWN'
        ? { Reason: rotations.reason }
        : { Sha256: rotations.sha256 }),
    },
    DeployedTemplate: {
      Status: template.status,
      ...(template.status === 'READ' && {
        StackId: template.stackId,
        UpdatedAt: template.updatedAt,
        Sha256: template.sha256,
      }),
      ...(template.status === 'UNKNOWN' && { Reason: template.reason }),
    },
  };
}

function coverageDocument(coverage: Coverage): object {
  const { status: Status } = coverage;
  if (coverage.status === 'NOT_ASKED') return { Status };
  if (coverage.status === 'UNKNOWN') return { Status, Reason: coverage.reason };
  const NotManaged = coverage.notManaged.map(({ StreamName, description }) => {
    const { Error: name, Cause } =
      'Error' in description
        ? description
        : { Error: undefined, Cause: undefined };
    return { StreamName, KeyId: describedKey(description), Error: name, Cause };
  });
  return { Status, Streams: coverage.streams, NotManaged };
}

function streamDocument(stream: StreamModel): object {
  const { timeliness, currentSpan, quotaUse, rows } = stream;
  return {
    StreamName: stream.StreamName,
    StreamARN: stream.StreamARN,
    Condition: stream.condition,
    Reason: stream.reason,
    KeyId: stream.KeyId,
    KeyArn: stream.KeyArn ?? undefined,
    ResolvesNowTo: stream.movedTo,
    Since: iso(stream.since),
    VerifiedAt: iso(currentSpan.verifiedAt),
    IsUnverified: stream.isUnverified,
    CurrentKey: spanDocument(currentSpan),
    Timeliness: {
      Status: timeliness.status,
      Schedule: stream.schedule,
      Timezone: stream.timezone,
      ...('dueAt' in timeliness && {
        DueAt: timeliness.dueAt === null ? null : iso(timeliness.dueAt),
      }),
      ...('reason' in timeliness && { Reason: timeliness.reason }),
    },
    Ring: stream.ring,
    RingLength: stream.ringLength,
    KmsKeys: stream.keys.map(keyDocument),
    HeldBy: stream.heldBy,
    Quota: stream.quota,
    QuotaPeak: quotaUse.peak,
    QuotaUse: quotaUse.steps.map(({ at, used }) => ({
      At: iso(at),
      Used: used,
    })),
    Keys: stream.spans.map(spanDocument),
    Rotations: rows.flatMap(rotationDocument),
    ExternalStarts: rows.flatMap(externalStartDocument),
    ExternalStops: rows.flatMap(externalStopDocument),
  };
}

function keyDocument(key: KeyFacts): object {
  const { rotation } = key;
  return {
    KeyId: key.KeyId,
    KeyArn: key.KeyArn,
    RingPlace: key.place,
    IsPresent: key.isPresent,
    CreatedAt: iso(key.createdAt),
    Origin: key.origin,
    KeyManager: key.keyManager,
    KeyState: key.keyState,
    AWSAccountId: key.account,
    Refusal: key.refusal,
    KmsRotation: {
      Status: rotation.status,
      ...(rotation.status === 'ON' && {
        PeriodInDays: rotation.periodInDays,
        NextAt: iso(rotation.nextAt),
      }),
      ...(rotation.status === 'UNKNOWN' && { Reason: rotation.reason }),
    },
    MovedAt: iso(key.movedAt),
    LastUnderItAt: iso(key.lastAt),
  };
}

function spanDocument(span: KeySpan): object {
  return {
    From: iso(span.from),
    To: iso(span.to),
    KeyId: span.KeyId,
    KeyArn: span.KeyArn,
    Known: span.known,
    VerifiedAt: iso(span.verifiedAt),
    By: span.by,
    FirstSeenAt: iso(span.seenAt),
    NotBefore: iso(span.notBefore),
  };
}

function rotationDocument(row: ReportRow): object[] {
  if (row.kind !== 'ROTATION') return [];
  const { result: Result, outcome } = row;
  // Nothing in the records proves what a request says of its start.
  const TriggerEvidence = outcome.Trigger && 'CLAIMED_BY_REQUEST';
  return [{ Result, TriggerEvidence, ...outcome }];
}

function externalStartDocument(row: ReportRow): object[] {
  if (row.kind !== 'EXTERNAL_START') return [];
  const { KeyId, By, RequestId } = row.start;
  return [{ At: iso(row.at), KeyId, By, RequestId }];
}

function externalStopDocument(row: ReportRow): object[] {
  if (row.kind !== 'EXTERNAL_STOP') return [];
  const { By, RequestId } = row.stop;
  return [{ At: iso(row.at), By, RequestId }];
}

/** Undefined for a time that is unknown or has no bound. */
function iso(at: number | undefined): string | undefined {
  return at !== undefined && Number.isFinite(at)
    ? new Date(at).toISOString()
    : undefined;
}
