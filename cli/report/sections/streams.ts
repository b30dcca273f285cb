import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import type { ReportModel, StreamModel } from '../report-model.ts';
import { duration, utc } from '../time-text.ts';
import { type Cell, type Markup, table } from './markup.ts';
import {
  CONDITION_WORDS,
  RESULT_WORDS,
  state,
  TIMELINESS_WORDS,
} from './summary.ts';
import { code, keyName, knownWords, sinceWords } from './words.ts';

/** One row for each stream: its key, its age, its schedule, its quota. */
export function streamsSection(model: ReportModel): Markup {
  return html`<section aria-labelledby="streams">
<h2 id="streams">Streams</h2>
${table({
  Caption: `As they are at ${utc(model.GeneratedAt)}`,
  Class: 'streams cards',
  Columns: [
    { Head: 'Stream' },
    { Head: 'Key' },
    { Head: 'Since' },
    { Head: 'Schedule' },
    { Head: 'Last rotation' },
    { Head: 'Quota' },
  ],
  Rows: model.Streams.map((stream) => row(stream, model.GeneratedAt)),
})}
</section>`;
}

function row(stream: StreamModel, now: number): Cell[] {
  const { Anchor, StreamName, Condition, Quota, Use } = stream;
  return [
    html`<a href="#${Anchor}"><bdi>${visible(StreamName)}</bdi></a><br>${state(CONDITION_WORDS[Condition])}`,
    key(stream),
    since(stream, now),
    schedule(stream),
    lastRotation(stream),
    html`${Quota.Used} of ${Quota.Limit} now${Quota.UsedByOthers ? ` (${Quota.UsedByOthers} by others)` : ''}<br><span class="small">at most ${Use.Peak} in the period</span>`,
  ];
}

function key({ KeyId, KeyArn, MovedTo, Now }: StreamModel): Markup {
  if (KeyId === undefined) {
    return html`<em>not known</em><br><span class="small">by its records ${keyName(Now.KeyId)}</span>`;
  }
  if (KeyId === null) return keyName(KeyId);
  const arn =
    KeyArn === null
      ? html`<span class="small">unknown key</span>`
      : html`<span class="small">${code(KeyArn)}</span>`;
  const moved = MovedTo
    ? html`<br><span class="small">now resolves to ${code(MovedTo)}</span>`
    : '';
  return html`${keyName(KeyId)}<br>${arn}${moved}`;
}

function since(stream: StreamModel, now: number): Markup {
  const { Now, Since, KeyId } = stream;
  if (KeyId === undefined) return html`<em>not known</em>`;
  const age =
    Since === undefined
      ? Now.SeenAt === undefined || Now.SeenAt === now
        ? ''
        : html`<br><b>at least ${duration(now - Now.SeenAt)}</b>`
      : html`<br><b>${duration(now - Since)}</b>`;
  return html`${sinceWords(Now)}${age}<br><span class="small">${knownWords(Now)}${
    Now.Known === 'ROLLBACK'
      ? Since === undefined
        ? ', which it had since before the records begin'
        : `, which it had since ${utc(Since)}`
      : ''
  }</span>`;
}

function schedule({ Schedule, Timezone, Timeliness }: StreamModel): Markup {
  const { Status } = Timeliness;
  if (Schedule === undefined) return state(TIMELINESS_WORDS[Status]);
  const detail =
    Timeliness.Status === 'UNKNOWN'
      ? Timeliness.Reason
      : 'DueAt' in Timeliness && Timeliness.DueAt !== null
        ? `next key ${Status === 'OVERDUE' ? 'was ' : ''}due ${utc(Timeliness.DueAt)}`
        : 'the schedule has no time left';
  return html`${state(TIMELINESS_WORDS[Status])}<br>${code(Schedule)}${Timezone ? ` ${visible(Timezone)}` : ''}<br><span class="small">${detail}</span>`;
}

function lastRotation({ Entries, HeldBy }: StreamModel): Markup {
  const last = Entries.find((entry) => entry.Kind === 'ROTATION');
  const held = HeldBy ? html`<b>One is under way</b><br>` : '';
  if (last?.Kind !== 'ROTATION') return html`${held}none in the period`;
  return html`${held}${utc(last.At)}<br>${state(RESULT_WORDS[last.Result])}`;
}
