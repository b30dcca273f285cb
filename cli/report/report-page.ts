import { readFile } from 'node:fs/promises';
import { html, raw } from 'hono/html';
import { visible } from '../../shared/errors/text.ts';
import { HISTORY_DAYS } from '../../shared/ledger/quota-ledger.ts';
import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import { KEY_COLORS } from './charts/key-paint.ts';
import { quotaChart } from './charts/quota-chart.ts';
import { timelineChart } from './charts/timeline-chart.ts';
import { findings } from './findings.ts';
import type { ReportInput } from './report-input.ts';
import { type ReportModel, reportModel } from './report-model.ts';
import type { Cell, Markup } from './sections/markup.ts';
import { rotationsSection } from './sections/rotations.ts';
import { streamsSection } from './sections/streams.ts';
import { state, summarySection } from './sections/summary.ts';
import { code } from './sections/words.ts';
import { duration, utc } from './time-text.ts';

/** In the order of their rules. */
const STYLES = ['page', 'tables', 'charts', 'media'];

/** The style sheet of the page. */
export async function readStyle(): Promise<string> {
  const sheets = STYLES.map((name) =>
    readFile(new URL(`styles/${name}.css`, import.meta.url), 'utf8'),
  );
  return (await Promise.all(sheets)).join('\n');
}

/** Nothing is fetched and nothing runs; styles are in the page. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * The report for an auditor: one HTML document that needs nothing else. Every
 * value in it is escaped, and its hidden characters are shown.
 */
export async function reportPage(input: ReportInput): Promise<string> {
  const model = reportModel(input);
  const style = await readStyle();
  const page = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${`Encryption keys of Kinesis streams, ${visible(model.Account)} ${visible(model.Region)}, ${utc(model.GeneratedAt)}`}</title>
<style>${raw(style)}</style>
</head>
<body>
${PATTERNS}
${header(model)}
<main>
${summarySection(model)}
${findingsSection(model)}
${streamsSection(model)}
${timelineSection(model)}
${quotaSection(model)}
${rotationsSection(model)}
${sourcesSection(model)}
</main>
<footer><p>kinesis-key-rotation ${visible(model.Version)}, ${utc(model.GeneratedAt)}. All times are UTC.</p></footer>
</body>
</html>
`;
  return String(page);
}

/** The patterns that charts fill with, besides colors. */
const PATTERNS = html`<svg class="patterns" width="0" height="0" aria-hidden="true" focusable="false"><defs>
<pattern id="outside" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="var(--outside)"/><rect width="2.5" height="6" fill="var(--outside-line)"/></pattern>
<pattern id="unknown" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5" fill="var(--chart-paper)"/><circle cx="1.5" cy="1.5" r="1" fill="var(--muted)"/></pattern>
</defs></svg>`;

function header(model: ReportModel): Markup {
  const facts: [string, Cell][] = [
    ['Generated', utc(model.GeneratedAt)],
    [
      'Period',
      html`<span class="whole">${utc(model.From)} to</span> <span class="whole">${utc(model.To)}</span> (${duration(model.To - model.From)})`,
    ],
    ['Account', visible(model.Account)],
    ['Region', visible(model.Region)],
    ['Stage', visible(model.Stage)],
    ['Ledger', code(model.TableName)],
    ['Made by', `kinesis-key-rotation ${visible(model.Version)}`],
  ];
  return html`<header>
<p class="kind">Audit report</p>
<h1>Encryption keys of Kinesis data streams</h1>
<p class="lead">Which KMS key each stream is under and since when, every rotation with who started it and its proof, and what failed. <a href="#sources">Sources and their limits</a>.</p>
<dl class="facts">${facts.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>
</header>`;
}

function findingsSection(model: ReportModel): Markup {
  const all = findings(model);
  const of = (when: 'NOW' | 'PAST') => all.filter(({ When }) => When === when);
  const list = (when: 'NOW' | 'PAST', title: string, none: string) =>
    html`<h3>${title}</h3>${
      of(when).length === 0
        ? html`<p>${state([none, 'good'])}</p>`
        : html`<ul class="findings ${when.toLowerCase()}">${of(when).map(
            ({ StreamName, Anchor, Text }) =>
              html`<li><a href="#${Anchor}"><bdi>${visible(StreamName)}</bdi></a> <span><bdi>${visible(Text)}</bdi></span></li>`,
          )}</ul>`
    }`;
  return html`<section aria-labelledby="attention">
<h2 id="attention">What stands out</h2>
${list('NOW', 'Now', 'Nothing is wrong now')}
${list('PAST', 'In the period', 'Nothing went wrong')}
</section>`;
}

function timelineSection(model: ReportModel): Markup {
  const places = Math.min(
    KEY_COLORS,
    Math.max(1, ...model.Streams.map(({ Ring }) => Ring.length)),
  );
  const swatch = (look: string, sign: string, words: string) =>
    html`<li><span class="swatch ${look}" aria-hidden="true">${sign}</span> ${words}</li>`;
  return html`<section aria-labelledby="timeline-head">
<h2 id="timeline-head">Keys over time</h2>
<p>A number is the key's place in the stream's ring.</p>
<ul class="legend">
${Array.from({ length: places }, (_, at) =>
  swatch(
    `key-${at + 1}`,
    String(at + 1),
    at === 0 ? 'first key of the ring' : `key ${at + 1}`,
  ),
)}
${swatch('outside', '!', 'a key outside the ring')}
${swatch('none-key', '', 'not encrypted')}
${swatch('unknown', '?', 'not known')}
<li><span class="mark bad" aria-hidden="true">◆</span> failed</li>
<li><span class="mark warn" aria-hidden="true">▲</span> failed, rolled back</li>
<li><span class="mark" aria-hidden="true">●</span> applied outside the ledger</li>
</ul>
${charts(timelineChart, model)}
</section>`;
}

function quotaSection(model: ReportModel): Markup {
  return html`<section aria-labelledby="quota-head">
<h2 id="quota-head">Quota over time</h2>
<p>Slots used in the rolling 24 hours. The dashed line is AWS's limit of ${QUOTA_LIMIT} keys for each stream.</p>
${charts(quotaChart, model)}
</section>`;
}

/** As many as a chart can show on one sheet of paper. */
const STREAMS_A_CHART = 32;

/**
 * The same chart for wide pages and for phones, of which the style shows one;
 * as many of them as fit on a sheet of paper.
 */
function charts(
  chart: (model: ReportModel, part: number, isNarrow: boolean) => Markup,
  model: ReportModel,
): Markup | Markup[] {
  const { Streams } = model;
  if (Streams.length === 0) return html`<p>There is no stream.</p>`;
  const parts = Math.ceil(Streams.length / STREAMS_A_CHART);
  return Array.from({ length: parts }, (_, part) => {
    const from = part * STREAMS_A_CHART;
    const some = Streams.slice(from, from + STREAMS_A_CHART);
    const of = { ...model, Streams: some };
    return html`<div class="chart wide">${chart(of, part + 1, false)}</div><div class="chart narrow">${chart(of, part + 1, true)}</div>`;
  });
}

function sourcesSection(model: ReportModel): Markup {
  return html`<section aria-labelledby="sources">
<h2 id="sources">Sources and their limits</h2>
<ul>
<li>The key that a stream has now: Kinesis, DescribeStreamSummary, at ${utc(model.GeneratedAt)}. The resolved key ARN: KMS, DescribeKey. Where an alias was pointed elsewhere since, the key ARN that the ledger recorded.</li>
<li>Rotations: the records of the ledger table ${code(model.TableName)}. They are kept for ${HISTORY_DAYS} days; what is older is not in this report.</li>
<li>The probe: one record that the rotation wrote, and Kinesis's answer to it. Kinesis names no key in it, so the proof of a rotation is that the stream was seen ACTIVE under the key, and that the record was encrypted after that.</li>
<li>Keys applied outside the ledger are known from CloudTrail, by time, key and caller alone, and for as long as they count against the quota: a day, or until the next rotation after it. Older ones appear as times at which the key is unknown.</li>
<li>The record of a failed rotation has the time of its start, and not of its end.</li>
<li>Quota over time is counted from the records and their times. The highest use is the greater of that count and of the ledger's count at the end of a rotation.</li>
<li>A key is overdue when its schedule was due, and the schedule's window and the time that a rotation may take have passed since. A rollback does not change the age of the key that it applies.</li>
</ul>
</section>`;
}
