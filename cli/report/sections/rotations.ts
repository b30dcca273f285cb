import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import { plural } from '../findings.ts';
import type { KeySpan } from '../key-history.ts';
import {
  countKind,
  type ReportModel,
  type ReportRow,
  type StreamModel,
} from '../report-model.ts';
import { utc } from '../time-text.ts';
import {
  type Cell,
  code,
  keyName,
  type Markup,
  state,
  type TableRow,
  table,
} from './markup.ts';
import { recordFields } from './record.ts';
import {
  keyClass,
  keyMark,
  ROTATION_COLUMNS,
  rotationRow,
} from './rotation-row.ts';
import {
  executionPrefix,
  type StreamLegend,
  streamLegend,
} from './stream-legend.ts';
import { CONDITIONS, sinceWords, sourceWords } from './words.ts';

/** With more streams than this, the section of each is closed at first. */
const OPEN_STREAMS = 2;

/** Every rotation of every stream, with its trigger and its proof. */
export function rotationsSection(model: ReportModel): Markup {
  const executions = executionPrefix(model.streams);
  const isOpen = model.streams.length <= OPEN_STREAMS;
  return html`<section aria-labelledby="rotations">
<h2 id="rotations">Rotations by stream</h2>
<p>Times are UTC. A number is a key's place in the ring of the stream; <span class="key outside">!1</span> is the first key outside it. <em>Active</em> is when the stream was seen ACTIVE under the key, and <em>Verified</em> when the probe was answered. <em>Record</em> is the record that the probe wrote. It has the EncryptionType KMS where no other is shown, the number of its shard (3 is shardId-000000000003) and its SequenceNumber. <em>Slots</em> are those that the rotation spent, and <em>Quota</em> those used after it.</p>
${executionsLine(executions)}
<p class="print">Paper omits three things that the HTML file has under each stream: the RotationId of a rotation that succeeded (its execution), the times in its trigger, and when the next slot is free. The file has every field of every record under <em>Full records</em>.</p>
${model.streams.map((stream) => streamSection(stream, isOpen, executions))}
</section>`;
}

function executionsLine(executions: string | undefined): Cell {
  return executions === undefined
    ? ''
    : html`<p>The ARN of an execution is ${code(executions)} and its name.</p>`;
}

function streamSection(
  stream: StreamModel,
  isOpen: boolean,
  executions: string | undefined,
): Markup {
  const { StreamName, condition, rows, anchor } = stream;
  const legend = streamLegend(stream, executions);
  const recordId = (at: number) => `${anchor}-record-${at + 1}`;
  // The link's target is in the details, so that browsers open them.
  return html`<section class="stream" aria-labelledby="${anchor}-name">
<h3 id="${anchor}-name"><bdi>${visible(StreamName)}</bdi> ${state(CONDITIONS[condition])}</h3>
<details${isOpen ? ' open' : ''}><summary>${summaryOf(stream)}</summary>
<div class="body" id="${anchor}">
${legendList(stream, legend)}
${
  rows.length === 0
    ? ''
    : table({
        caption: `${plural(rows.length, 'row')}, newest first`,
        className: 'rotations cards',
        columns: ROTATION_COLUMNS,
        rows: rows.map((row, at) => rotationRow(row, legend, recordId(at))),
      })
}
${spansTable(stream, legend)}
${records(rows, recordId)}
</div></details>
</section>`;
}

/** The state of a stream and its failures, for readers who do not open the details. */
function summaryOf({
  rows,
  KeyId,
  currentSpan,
  isUnverified,
}: StreamModel): Markup {
  const rotations = rows.filter((row) => row.kind === 'ROTATION');
  const failed = rotations.filter(({ outcome }) => outcome.Status === 'FAILED');
  const external = countKind(rows, 'EXTERNAL_START');
  const stops = countKind(rows, 'EXTERNAL_STOP');
  const counts = [
    rotations.length === 0
      ? 'No rotation in the period'
      : `${plural(rotations.length, 'rotation')} in the period`,
    ...(failed.length > 0 ? [`${failed.length} failed`] : []),
    ...(external > 0 ? [plural(external, 'external start')] : []),
    ...(stops > 0 ? [plural(stops, 'external stop')] : []),
  ];
  const { verifiedAt } = currentSpan;
  const proof = isUnverified
    ? html`, ${state(['Never verified', 'bad'])}`
    : verifiedAt
      ? `, verified ${utc(verifiedAt)}`
      : '';
  // Paper has this in the table of streams.
  const now =
    KeyId === undefined
      ? ''
      : html` <span class="screen">Now ${keyName(KeyId)}, since: ${sinceWords(currentSpan)}${proof}.</span>`;
  return html`${counts.join(', ')}.${now}`;
}

function legendList(
  { StreamARN, ring }: StreamModel,
  { keys, triggers }: StreamLegend,
): Markup {
  const items: [string, Markup][] = [
    ['Stream', code(StreamARN)],
    ...keys.map(({ label, place, KeyId, arns }): [string, Markup] => [
      'Key',
      html`<span class="key ${keyClass(place)}">${label}</span> ${code(KeyId)}${arns
        .filter(({ arn }) => arn !== KeyId)
        .map(
          (one) =>
            html`${arns.length > 1 ? html`, ${one.label}` : ''} ${code(one.arn)}`,
        )}`,
    ]),
    ...triggers.map(({ label, fields }): [string, Markup] => [
      'Claimed trigger',
      html`<b>${label}</b> ${fields.map(([name, value], at) => html`${at > 0 ? ', ' : ''}<span class="text">${visible(name)}</span> <span class="text">${visible(value)}</span>`)}`,
    ]),
  ];
  return html`<dl class="keys">${items.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>${ring.length === 0 ? html`<p class="small">Not listed in rotations.yml.</p>` : ''}`;
}

/** The keys over the period; paper has those that no line above shows. */
function spansTable(
  { spans, rows }: StreamModel,
  legend: StreamLegend,
): Markup {
  const listed = new Set(
    rows.flatMap((row) =>
      row.kind === 'ROTATION' ? [row.outcome.RotationId] : [],
    ),
  );
  const isListed = ({ known, by }: KeySpan) =>
    known === 'ROTATION' && by !== undefined && listed.has(by);
  const more = spans.filter(isListed).length;
  return table({
    caption: html`Keys over the period${more > 0 ? html`<span class="print">. ${plural(more, 'more span')} began with a rotation above, when it was <em>Active</em>.</span>` : ''}`,
    className: 'spans cards',
    columns: ['From', 'To', 'Key', 'Source'],
    rows: spans.map(
      (span): TableRow => ({
        cells: [
          sinceWords(span),
          utc(span.to),
          keyMark(legend, span.KeyId, span.KeyArn),
          sourceWords(span),
        ],
        ...(isListed(span) && { className: 'screen' }),
      }),
    ),
  });
}

function records(
  rows: readonly ReportRow[],
  recordId: (at: number) => string,
): Markup {
  return html`<details class="screen"><summary>Full records</summary>${rows.map(
    (row, at) =>
      row.kind === 'ROTATION'
        ? html`<div class="full" id="${recordId(at)}"><h4>${utc(row.at)}</h4>${recordFields(row.outcome)}</div>`
        : '',
  )}</details>`;
}
