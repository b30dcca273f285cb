import { html } from 'hono/html';
import type { Failure, Outcome } from '../../../shared/contract/outcome.ts';
import type { Trigger } from '../../../shared/contract/trigger.ts';
import { visible } from '../../../shared/errors/text.ts';
import type { Quota } from '../../../shared/ledger/usage.ts';
import { plural } from '../findings.ts';
import type { ReportModel, ReportRow, StreamModel } from '../report-model.ts';
import { duration, utc } from '../time-text.ts';
import {
  type Cell,
  code,
  keyName,
  type Markup,
  small,
  state,
  table,
} from './markup.ts';
import { CONDITIONS, RESULTS, sinceWords, sourceWords } from './words.ts';

type RotationRow = Extract<ReportRow, { kind: 'ROTATION' }>;

/** Every rotation of every stream, with its trigger and its proof. */
export function rotationsSection(model: ReportModel): Markup {
  return html`<section aria-labelledby="rotations">
<h2 id="rotations">Rotations by stream</h2>
${model.streams.map(streamSection)}
</section>`;
}

function streamSection(stream: StreamModel): Markup {
  const { StreamName, StreamARN, condition, ring, rows, spans } = stream;
  const id = stream.anchor;
  return html`<section class="stream" id="${id}" aria-labelledby="${id}-name">
<h3 id="${id}-name"><bdi>${visible(StreamName)}</bdi> ${state(CONDITIONS[condition])}</h3>
<p class="small">${code(StreamARN)}</p>
<p class="small">${
    ring.length === 0
      ? 'Not listed in rotations.yml.'
      : html`Ring: ${ring.map((key, at) => html`${at > 0 ? ', ' : ''}${at + 1}&nbsp;${code(key)}`)}`
  }</p>
${
  rows.length === 0
    ? html`<p>No rotation in the period.</p>`
    : table({
        caption: `${plural(rows.length, 'row')}, newest first`,
        className: 'rotations cards',
        columns: [
          'Started',
          'By, as claimed',
          'Key',
          'Outcome and proof',
          'Quota after',
        ],
        rows: rows.map(cells),
      })
}
${table({
  caption: 'Keys over the period',
  className: 'spans cards',
  columns: ['From', 'To', 'Key', 'Source'],
  rows: spans.map((span) => [
    sinceWords(span),
    utc(span.to),
    keyName(span.KeyId),
    sourceWords(span),
  ]),
})}
</section>`;
}

function cells(row: ReportRow): Cell[] {
  if (row.kind === 'EXTERNAL_START') {
    const { By, KeyId, RequestId } = row.start;
    return [
      utc(row.at),
      html`<b>external start</b>, reported by CloudTrail${small(code(By))}`,
      html`<span class="way">to ${keyName(KeyId)}</span>`,
      html`${state(['Applied outside the ledger', 'warn'])}${small(html`No probe was written. Request ${code(RequestId)}`)}`,
      '',
    ];
  }
  const { outcome, result } = row;
  return [
    html`${utc(row.at)}${small(lengthText(outcome))}`,
    html`${triggerCell(outcome.Trigger)}<span class="small">${code(outcome.RotationId)}</span>`,
    keyCell(row),
    html`${state(RESULTS[result])}${outcome.Status === 'FAILED' ? failure(outcome) : success(outcome)}`,
    quotaCell(outcome.Quota),
  ];
}

function lengthText(outcome: Outcome): string {
  const { VerifiedAt: end } =
    outcome.Status === 'FAILED' ? (outcome.Rollback ?? {}) : outcome;
  if (!end) return 'duration not recorded';
  return `took ${duration(Date.parse(end) - Date.parse(outcome.StartedAt))}`;
}

function triggerCell(trigger: Trigger | undefined): Markup {
  if (trigger === undefined) return html`no trigger in the request<br>`;
  const { Source, ...details } = trigger;
  return html`<b>${visible(String(Source))}</b><br>${Object.entries(
    details,
  ).map(
    ([name, value]) =>
      html`<span class="small"><span class="text">${visible(name)}</span>: <span class="text">${visible(String(value))}</span></span><br>`,
  )}`;
}

function keyCell({ outcome, result }: RotationRow): Markup {
  const { KeyId, KeyArn, PreviousKeyId } = outcome;
  if (KeyId === undefined) return keyName(KeyId);
  const arn = KeyArn ? small(code(KeyArn)) : '';
  return result === 'UNCHANGED'
    ? html`<span class="way">keeps ${keyName(KeyId)}</span>${arn}`
    : html`<span class="way">from ${keyName(PreviousKeyId)}</span><br><span class="way">to ${keyName(KeyId)}</span>${arn}`;
}

function success(outcome: Exclude<Outcome, Failure>): Markup {
  const other = outcome.InProgressRotationId;
  return html`${other ? small(html`the other rotation is ${code(other)}`) : ''}${proof(outcome)}`;
}

/** When a key was ACTIVE and the probe verified, and the answer to the probe. */
function proof({
  ActiveAt,
  VerifiedAt,
  Verification,
}: Partial<
  Pick<Exclude<Outcome, Failure>, 'ActiveAt' | 'VerifiedAt' | 'Verification'>
>): Markup {
  const facts = Object.entries({
    ActiveAt: ActiveAt && utc(ActiveAt),
    VerifiedAt: VerifiedAt && utc(VerifiedAt),
    EncryptionType: Verification?.EncryptionType,
    ShardId: Verification?.ShardId,
    SequenceNumber: Verification?.SequenceNumber,
  }).flatMap(([name, value]) =>
    value ? [html`<div><dt>${name}</dt><dd>${visible(value)}</dd></div>`] : [],
  );
  return facts.length === 0
    ? small('no probe')
    : html`<dl class="proof">${facts}</dl>`;
}

function failure({
  Error: name,
  Cause,
  SlotsSpent,
  Rollback,
}: Failure): Markup {
  const slots = SlotsSpent === undefined ? 'unknown' : SlotsSpent;
  return html`<br>${code(name)}<br><span class="text">${visible(Cause)}</span>${small(`Slots spent: ${slots}.`)}${
    Rollback === undefined
      ? ''
      : Rollback.Status === 'ROLLED_BACK'
        ? html`<div class="rollback">Rolled back to ${keyName(Rollback.KeyId)}${proof(Rollback)}</div>`
        : html`<div class="rollback">Rollback ${Rollback.Status === 'FAILED' ? 'failed' : 'impossible'}: <bdi>${visible(Rollback.Cause ?? 'no cause recorded')}</bdi></div>`
  }`;
}

function quotaCell(quota: Quota | undefined): Cell {
  if (quota === undefined) return 'not recorded';
  const { Used, Limit, UsedByOthers, NextAvailableAt } = quota;
  return html`${Used} of ${Limit}${UsedByOthers ? small(`${UsedByOthers} refused by AWS`) : ''}${NextAvailableAt ? small(`next free ${utc(NextAvailableAt)}`) : ''}`;
}
