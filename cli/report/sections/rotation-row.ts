import { html } from 'hono/html';
import type {
  Failure,
  Outcome,
  Verification,
} from '../../../shared/contract/outcome.ts';
import type { Trigger } from '../../../shared/contract/trigger.ts';
import { visible } from '../../../shared/errors/text.ts';
import { keyColor } from '../charts/key-paint.ts';
import { slotsOf } from '../quota-use.ts';
import type { ReportRow } from '../report-model.ts';
import { dateTime, timeOfDay } from '../time-text.ts';
import {
  type Cell,
  code,
  type Markup,
  state,
  type TableRow,
} from './markup.ts';
import {
  executionName,
  keyLabel,
  type StreamLegend,
  triggerFields,
  triggerLabel,
} from './stream-legend.ts';
import { RESULTS } from './words.ts';

export const ROTATION_COLUMNS = [
  'Started',
  'Active',
  'Verified',
  'Key',
  'Outcome',
  'Claimed trigger',
  'Record',
  'Slots',
  'Quota',
];

const NONE = '–';

/**
 * One line for each rotation, external start and external stop, with the labels of the legend. A
 * failure has a line below it.
 *
 * @param recordId the id of the full record in the page
 */
export function rotationRow(
  row: ReportRow,
  legend: StreamLegend,
  recordId: string,
): TableRow {
  if (row.kind === 'EXTERNAL_START') return externalRow(row, legend);
  if (row.kind === 'EXTERNAL_STOP') return stopRow(row, legend);
  const { outcome, result } = row;
  const { StartedAt, Trigger: trigger, Quota } = outcome;
  const { ActiveAt, VerifiedAt, Verification } =
    outcome.Status === 'FAILED' ? {} : outcome;
  const time = (at: string | null | undefined) =>
    at ? timeOfDay(at, StartedAt) : NONE;
  return {
    cells: [
      html`<a href="#${recordId}">${dateTime(StartedAt)}</a>`,
      time(ActiveAt),
      time(VerifiedAt),
      keyCell(outcome, outcome.Outcome === 'UNCHANGED', legend),
      state(RESULTS[result]),
      triggerCell(trigger, legend),
      Verification ? probeRecord(Verification) : 'no probe',
      outcome.Status === 'FAILED' && outcome.SlotsSpent === undefined
        ? 'unknown'
        : slotsOf(outcome),
      Quota === undefined ? NONE : `${Quota.Used}/${Quota.Limit}`,
    ],
    ...belowOf(outcome, legend),
  };
}

function externalRow(
  { at, start }: Extract<ReportRow, { kind: 'EXTERNAL_START' }>,
  legend: StreamLegend,
): TableRow {
  const { By, KeyId, RequestId } = start;
  return {
    cells: [
      dateTime(at),
      NONE,
      NONE,
      html`→ ${keyMark(legend, KeyId)}`,
      state(['Outside the ledger', 'warn']),
      'external start',
      'no probe',
      1,
      NONE,
    ],
    below: html`Applied outside the ledger, reported by CloudTrail, by ${code(By)}, request ${code(RequestId)}.`,
  };
}

function stopRow(
  { at, stop }: Extract<ReportRow, { kind: 'EXTERNAL_STOP' }>,
  legend: StreamLegend,
): TableRow {
  return {
    cells: [
      dateTime(at),
      NONE,
      NONE,
      html`→ ${keyMark(legend, null)}`,
      state(['Switched off', 'bad']),
      'external stop',
      'no probe',
      0,
      NONE,
    ],
    below: html`Encryption switched off outside the ledger, reported by CloudTrail, by ${code(stop.By)}, request ${code(stop.RequestId)}.`,
  };
}

/** The label of a key, on the color that it has in the chart. */
export function keyMark(
  legend: StreamLegend,
  keyId: string | null | undefined,
  arn?: string,
): Markup {
  if (keyId === undefined) return html`<em>unknown</em>`;
  if (keyId === null) return html`<em>none</em>`;
  const key = keyLabel(legend, keyId, arn);
  if (key === undefined) return code(keyId);
  return html`<span class="key ${keyClass(key.place)}">${key.label}</span>`;
}

/** The class of the color of a place in the ring. */
export function keyClass(place: number | undefined): string {
  return place === undefined ? 'outside' : `key-${keyColor(place)}`;
}

function keyCell(
  { KeyId, KeyArn, PreviousKeyId }: Outcome,
  isKept: boolean,
  legend: StreamLegend,
): Markup {
  if (KeyId === undefined) return html`<em>unknown</em>`;
  const key = keyMark(legend, KeyId, KeyArn);
  return isKept ? key : html`${keyMark(legend, PreviousKeyId)} → ${key}`;
}

/** A person or a ticket fits beside the source, and no ARN; the legend has all. */
const SHORT = /^\w[\w.@-]{0,15}$/;

function triggerCell(
  trigger: Trigger | undefined,
  legend: StreamLegend,
): Markup {
  const label = triggerLabel(legend, trigger);
  if (trigger === undefined || label === undefined) return html`not recorded`;
  const { Source, ...details } = trigger;
  const short = triggerFields(details).filter(([, value]) => SHORT.test(value));
  const more = short.map(([, value]) => html`, <bdi>${visible(value)}</bdi>`);
  return html`<b>${label}</b> <bdi>${visible(String(Source))}</bdi>${more.length > 0 ? html`<span class="screen">${more}</span>` : ''}`;
}

const SHARD = /^shardId-(\d{12})$/;

function probeRecord({
  ShardId,
  SequenceNumber,
  EncryptionType,
}: Verification): Markup {
  const number = SHARD.exec(ShardId)?.[1];
  const shard = number === undefined ? ShardId : String(Number(number));
  // The words above the tables name the usual one.
  const type = EncryptionType === 'KMS' ? '' : `${visible(EncryptionType)} `;
  return html`${type}<span class="text">${visible(shard)}</span> <span class="text">${visible(SequenceNumber)}</span>`;
}

function belowOf(outcome: Outcome, legend: StreamLegend): { below?: Cell } {
  const { RotationId, Quota } = outcome;
  const refused = Quota?.UsedByOthers
    ? ` ${Quota.UsedByOthers} of the quota refused by AWS.`
    : '';
  if (outcome.Status === 'FAILED') {
    const name = executionName(legend, RotationId);
    return {
      below: html`${code(outcome.Error)}: <span class="text">${visible(outcome.Cause)}</span>. ${rollback(outcome, legend)}${refused} Execution ${code(name)}.`,
    };
  }
  const { InProgressRotationId: other, RepointedFrom, Warning } = outcome;
  if (!other && !RepointedFrom && !refused && !Warning) return {};
  return {
    below: html`${Warning ? html`<bdi>${visible(Warning)}</bdi>.` : ''}${other ? html`The other rotation is ${code(other)}.` : ''}${RepointedFrom ? html` The alias resolved to ${code(RepointedFrom)} before.` : ''}${refused}`,
  };
}

function rollback(
  { Rollback, StartedAt }: Failure,
  legend: StreamLegend,
): Cell {
  if (Rollback === undefined) return '';
  const { Status, Cause, KeyId, KeyArn, ActiveAt, VerifiedAt, Verification } =
    Rollback;
  if (Status !== 'ROLLED_BACK') {
    return html`<b>Rollback ${Status === 'FAILED' ? 'failed' : 'impossible'}:</b> <bdi>${visible(Cause ?? 'no cause recorded')}</bdi>.`;
  }
  const at = (time: string | undefined) =>
    time === undefined ? 'at an unknown time' : timeOfDay(time, StartedAt);
  const proof = Verification
    ? html`, record ${probeRecord(Verification)}`
    : ', no probe';
  return html`<b>Rolled back to ${keyMark(legend, KeyId, KeyArn)}:</b> active ${at(ActiveAt)}, verified ${at(VerifiedAt)}${proof}.`;
}
