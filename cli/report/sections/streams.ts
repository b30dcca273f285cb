import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import { plural } from '../findings.ts';
import type { ReportModel, StreamModel } from '../report-model.ts';
import { dateTime, duration, utc } from '../time-text.ts';
import {
  type Cell,
  code,
  fold,
  keyName,
  type Markup,
  small,
  state,
  table,
} from './markup.ts';
import {
  CONDITIONS,
  RESULTS,
  sinceWords,
  sourceWords,
  TIMELINESS,
} from './words.ts';

/** One row for each stream: its key, the key's age, its schedule, its quota. */
export function streamsSection({ generatedAt, streams }: ReportModel): Markup {
  return html`<section aria-labelledby="streams">
<h2 id="streams">Streams</h2>
${fold(
  `Key, age, schedule and quota of ${plural(streams.length, 'stream')}`,
  table({
    caption: `At ${utc(generatedAt)}; times are UTC. Quota: slots used now, and at the peak in the period.`,
    className: 'streams cards',
    columns: ['Stream', 'Key', 'Since', 'Schedule', 'Last rotation', 'Quota'],
    rows: streams.map((stream) => streamRow(stream, generatedAt)),
  }),
)}
</section>`;
}

function streamRow(stream: StreamModel, now: number): Cell[] {
  const { anchor, StreamName, condition, quota, quotaUse } = stream;
  const external = quota.UsedByOthers
    ? ` (${quota.UsedByOthers} refused by AWS)`
    : '';
  return [
    html`<a href="#${anchor}"><bdi>${visible(StreamName)}</bdi></a><br>${state(CONDITIONS[condition])}`,
    keyCell(stream),
    sinceCell(stream, now),
    scheduleCell(stream),
    lastRotationCell(stream),
    html`${quota.Used} of ${quota.Limit}${external}${small(`peak ${quotaUse.peak}`)}`,
  ];
}

function keyCell({ KeyId, KeyArn, movedTo, currentSpan }: StreamModel): Markup {
  if (KeyId === undefined) {
    return html`${keyName(KeyId)}${small(html`according to the records ${keyName(currentSpan.KeyId)}`)}`;
  }
  if (KeyId === null) return keyName(KeyId);
  const arn = KeyArn === null ? 'key ARN unknown' : code(KeyArn);
  const moved = movedTo ? small(html`now resolves to ${code(movedTo)}`) : '';
  return html`${keyName(KeyId)}${small(arn)}${moved}`;
}

function sinceCell(stream: StreamModel, now: number): Markup {
  const { currentSpan, since, KeyId } = stream;
  if (KeyId === undefined) return html`<em>unknown</em>`;
  const { seenAt, known } = currentSpan;
  const age = stream.isUnverified
    ? undefined
    : since !== undefined
      ? duration(now - since)
      : seenAt !== undefined && seenAt !== now
        ? `at least ${duration(now - seenAt)}`
        : undefined;
  const first = since === undefined ? 'before the records begin' : utc(since);
  const source = sourceWords(currentSpan);
  const applied =
    known === 'ROLLBACK' ? `${source}; first applied ${first}` : source;
  const proof = stream.isUnverified
    ? html`<br>${state(['Never verified', 'bad'])}`
    : currentSpan.verifiedAt
      ? small(`verified ${utc(currentSpan.verifiedAt)}`)
      : '';
  return html`${sinceWords(currentSpan)}<br>${age === undefined ? '' : html`<b>${age}</b> `}<span class="small">${applied}</span>${proof}`;
}

function scheduleCell({ schedule, timezone, timeliness }: StreamModel): Markup {
  const { status } = timeliness;
  if (schedule === undefined) return state(TIMELINESS[status]);
  const detail =
    timeliness.status === 'UNKNOWN'
      ? timeliness.reason
      : 'dueAt' in timeliness && timeliness.dueAt !== null
        ? `${status === 'OVERDUE' ? 'was due' : 'due'} ${utc(timeliness.dueAt)}`
        : 'the schedule has ended';
  return html`${state(TIMELINESS[status])}<br>${code(schedule)}${timezone ? ` ${visible(timezone)}` : ''}${small(detail)}`;
}

function lastRotationCell({ rows, heldBy }: StreamModel): Markup {
  const last = rows.find((row) => row.kind === 'ROTATION');
  const held = heldBy ? html`<b>One is in progress</b><br>` : '';
  return last === undefined
    ? html`${held}none in the period`
    : html`${held}${dateTime(last.at)}<br>${state(RESULTS[last.result])}`;
}
