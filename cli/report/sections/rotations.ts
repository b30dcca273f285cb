import { html } from 'hono/html';
import type {
  Failure,
  Verification,
} from '../../../shared/contract/outcome.ts';
import type { Trigger } from '../../../shared/contract/request.ts';
import { visible } from '../../../shared/errors/text.ts';
import type { Quota } from '../../../shared/ledger/usage.ts';
import type { Entry, ReportModel, StreamModel } from '../report-model.ts';
import { duration, utc } from '../time-text.ts';
import { type Cell, type Markup, table } from './markup.ts';
import { CONDITION_WORDS, RESULT_WORDS, state } from './summary.ts';
import { code, keyName, knownWords, sinceWords } from './words.ts';

/** Every rotation of every stream, with who started it and its proof. */
export function rotationsSection(model: ReportModel): Markup {
  return html`<section aria-labelledby="rotations">
<h2 id="rotations">Rotations, stream by stream</h2>
${model.Streams.map(streamSection)}
</section>`;
}

function streamSection(stream: StreamModel): Markup {
  const { StreamName, StreamARN, Condition, Ring, Entries, Spans } = stream;
  const id = stream.Anchor;
  return html`<section class="stream" id="${id}" aria-labelledby="${id}-name">
<h3 id="${id}-name"><bdi>${visible(StreamName)}</bdi> ${state(CONDITION_WORDS[Condition])}</h3>
<p class="small">${code(StreamARN)}</p>
<p class="small">${
    Ring.length === 0
      ? 'Not listed in rotations.yml.'
      : html`Ring: ${Ring.map((key, at) => html`${at > 0 ? ', ' : ''}${at + 1}&nbsp;${code(key)}`)}`
  }</p>
${
  Entries.length === 0
    ? html`<p>No rotation in the period.</p>`
    : table({
        Caption: `${Entries.length === 1 ? '1 entry' : `${Entries.length} entries`}, newest first`,
        Class: 'rotations cards',
        Columns: [
          { Head: 'Started' },
          { Head: 'By' },
          { Head: 'Key' },
          { Head: 'Outcome and proof' },
          { Head: 'Quota after' },
        ],
        Rows: Entries.map(row),
      })
}
${table({
  Caption: 'Keys over the period',
  Class: 'spans cards',
  Columns: [
    { Head: 'From' },
    { Head: 'To' },
    { Head: 'Key' },
    { Head: 'How it is known' },
  ],
  Rows: Spans.map((span) => [
    span.Known === 'BEFORE_RECORDS' || span.Known === 'SEEN'
      ? sinceWords(span)
      : utc(span.From),
    utc(span.To),
    keyName(span.KeyId),
    knownWords(span),
  ]),
})}
</section>`;
}

function row(entry: Entry): Cell[] {
  if (entry.Kind === 'START_BY_OTHERS') {
    const { By, KeyId, RequestId } = entry.Start;
    return [
      utc(entry.At),
      html`<b>others</b>, reported by CloudTrail<br><span class="small">${code(By)}</span>`,
      html`<span class="way">to ${keyName(KeyId)}</span>`,
      html`${state(['Applied outside the ledger', 'warn'])}<br><span class="small">No probe was written. Request ${code(RequestId)}</span>`,
      '',
    ];
  }
  const { Outcome, Result } = entry;
  const took = tookMs(entry);
  return [
    html`${utc(entry.At)}<br><span class="small">${took === undefined ? 'length not recorded' : `took ${duration(took)}`}</span>`,
    html`${trigger(Outcome.Trigger)}<span class="small">${code(Outcome.RotationId)}</span>`,
    way(entry),
    html`${state(RESULT_WORDS[Result])}${
      Outcome.Status === 'FAILED'
        ? failure(Outcome)
        : html`${
            Outcome.InProgressRotationId
              ? html`<br><span class="small">the other is ${code(Outcome.InProgressRotationId)}</span>`
              : ''
          }${proof(Outcome.Verification, Outcome.ActiveAt, Outcome.VerifiedAt)}`
    }`,
    quota(Outcome.Quota),
  ];
}

function tookMs(entry: Entry & { Kind: 'ROTATION' }): number | undefined {
  const { Outcome } = entry;
  const end =
    Outcome.Status === 'FAILED'
      ? Outcome.Rollback?.VerifiedAt
      : Outcome.VerifiedAt;
  return end ? Date.parse(end) - entry.At : undefined;
}

function trigger(fields: Trigger | undefined): Markup {
  if (fields === undefined) {
    return html`<b>not said</b> in the request<br>`;
  }
  const { Source, ...details } = fields;
  return html`<b>${visible(String(Source))}</b><br>${Object.entries(
    details,
  ).map(
    ([name, value]) =>
      html`<span class="small"><span class="text">${visible(name)}</span>: <span class="text">${visible(String(value))}</span></span><br>`,
  )}`;
}

function way({ Outcome, Result }: Entry & { Kind: 'ROTATION' }): Markup {
  const { KeyId, KeyArn, PreviousKeyId } = Outcome;
  if (KeyId === undefined) return keyName(KeyId);
  const arn = KeyArn
    ? html`<br><span class="small">${code(KeyArn)}</span>`
    : '';
  if (Result === 'UNCHANGED') {
    return html`<span class="way">has ${keyName(KeyId)}</span>${arn}`;
  }
  return html`<span class="way">from ${keyName(PreviousKeyId)}</span><br><span class="way">to ${keyName(KeyId)}</span>${arn}`;
}

function proof(
  verification: Verification | null | undefined,
  activeAt: string | null | undefined,
  verifiedAt: string | null | undefined,
): Markup {
  const facts: [string, string | null | undefined][] = [
    ['ActiveAt', activeAt && utc(activeAt)],
    ['VerifiedAt', verifiedAt && utc(verifiedAt)],
    ['EncryptionType', verification?.EncryptionType],
    ['ShardId', verification?.ShardId],
    ['SequenceNumber', verification?.SequenceNumber],
  ];
  const known = facts.filter(([, value]) => value);
  if (known.length === 0) return html`<br><span class="small">no probe</span>`;
  return html`<dl class="proof">${known.map(
    ([name, value]) =>
      html`<div><dt>${name}</dt><dd>${visible(value ?? '')}</dd></div>`,
  )}</dl>`;
}

function failure(outcome: Failure): Markup {
  const { Error: name, Cause, SlotsSpent, Rollback } = outcome;
  const slots =
    SlotsSpent === undefined
      ? 'Slots spent: not known.'
      : `Slots spent: ${SlotsSpent}.`;
  return html`<br>${code(name)}<br><span class="text">${visible(Cause)}</span><br><span class="small">${slots}</span>${
    Rollback === undefined
      ? ''
      : Rollback.Status === 'ROLLED_BACK'
        ? html`<div class="rollback">Rolled back to ${keyName(Rollback.KeyId)}${proof(Rollback.Verification, Rollback.ActiveAt, Rollback.VerifiedAt)}</div>`
        : html`<div class="rollback">Rollback ${Rollback.Status === 'FAILED' ? 'failed' : 'impossible'}: <bdi>${visible(Rollback.Cause ?? '')}</bdi></div>`
  }`;
}

function quota(quota: Quota | undefined): Cell {
  if (quota === undefined) return 'not recorded';
  const { Used, Limit, UsedByOthers, NextAvailableAt } = quota;
  return html`${Used} of ${Limit}${UsedByOthers ? html`<br><span class="small">${UsedByOthers} by others</span>` : ''}${
    NextAvailableAt
      ? html`<br><span class="small">next free ${utc(NextAvailableAt)}</span>`
      : ''
  }`;
}
