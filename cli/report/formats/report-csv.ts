import type { Outcome } from '../../../shared/contract/outcome.ts';
import type { Trigger } from '../../../shared/contract/trigger.ts';
import { visible } from '../../../shared/errors/text.ts';
import type { ReportInput } from '../report-input.ts';
import {
  type ReportRow,
  reportModel,
  type StreamModel,
} from '../report-model.ts';

type Row = Record<(typeof COLUMNS)[number], string | number | null | undefined>;

/** docs/report.md lists them. */
export const COLUMNS = [
  'StreamName',
  'StreamARN',
  'Kind',
  'At',
  'Result',
  'RotationId',
  'ClaimedSource',
  'ClaimedCaller',
  'ClaimedTicket',
  'ClaimedTrigger',
  'ReportedCaller',
  'PreviousKeyId',
  'KeyId',
  'KeyArn',
  'ActiveAt',
  'VerifiedAt',
  'EncryptionType',
  'ShardId',
  'SequenceNumber',
  'Error',
  'Cause',
  'SlotsSpent',
  'RollbackStatus',
  'RollbackKeyId',
  'RollbackVerifiedAt',
  'RollbackCause',
  'QuotaUsed',
  'QuotaLimit',
] as const;

/**
 * Writes the rotations, external starts and external stops of the report as CSV
 * (RFC 4180), one a row, by stream and newest first. An empty field is unknown or does not apply. A
 * spreadsheet shows every field as text and runs none.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function reportCsv(input: ReportInput): string {
  const { streams } = reportModel(input);
  const rows = streams.flatMap((stream) =>
    stream.rows.map((row) => rowOf(stream, row)),
  );
  const lines = [
    COLUMNS.join(','),
    ...rows.map((row) => COLUMNS.map((name) => field(row[name])).join(',')),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}

/** What makes a spreadsheet take a field for a formula, in both widths. */
const FORMULA = /^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/;

function field(value: string | number | null | undefined): string {
  if (value === undefined || value === null) return '';
  const text = visible(String(value));
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return /[",]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}

function rowOf({ StreamName, StreamARN }: StreamModel, row: ReportRow): Row {
  const empty = Object.fromEntries(COLUMNS.map((name) => [name, undefined]));
  const at = new Date(row.at).toISOString();
  const common = { StreamName, StreamARN, Kind: row.kind, At: at };
  if (row.kind === 'EXTERNAL_START') {
    const { KeyId, By } = row.start;
    return { ...(empty as Row), ...common, KeyId, ReportedCaller: By };
  }
  if (row.kind === 'EXTERNAL_STOP') {
    return { ...(empty as Row), ...common, ReportedCaller: row.stop.By };
  }
  const { outcome, result } = row;
  return {
    ...(empty as Row),
    ...common,
    Result: result,
    RotationId: outcome.RotationId,
    ClaimedSource: textOf(outcome.Trigger?.Source),
    ClaimedCaller: textOf(outcome.Trigger?.CallerArn),
    ClaimedTicket: textOf(outcome.Trigger?.Ticket),
    ClaimedTrigger: outcome.Trigger && JSON.stringify(outcome.Trigger),
    PreviousKeyId:
      outcome.PreviousKeyId === null ? 'not encrypted' : outcome.PreviousKeyId,
    KeyId: outcome.KeyId,
    KeyArn: outcome.KeyArn,
    ...endOf(outcome),
    QuotaUsed: outcome.Quota?.Used,
    QuotaLimit: outcome.Quota?.Limit,
  };
}

const textOf = (value: Trigger[string] | undefined) =>
  value === undefined ? undefined : String(value);

function endOf(outcome: Outcome): Partial<Row> {
  if (outcome.Status === 'SUCCEEDED') {
    const { ActiveAt, VerifiedAt, Verification, Warning } = outcome;
    return { ActiveAt, VerifiedAt, Cause: Warning, ...Verification };
  }
  const { Error: name, Cause, SlotsSpent, Rollback } = outcome;
  return {
    Error: name,
    Cause,
    SlotsSpent,
    RollbackStatus: Rollback?.Status,
    RollbackKeyId: Rollback?.KeyId,
    RollbackVerifiedAt: Rollback?.VerifiedAt,
    RollbackCause: Rollback?.Cause,
    ...Rollback?.Verification,
  };
}
