import { html } from 'hono/html';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import type { Timeliness } from '../due.ts';
import type { Condition, ReportModel, Result } from '../report-model.ts';
import { type Markup, table } from './markup.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'plain';

/** In words, and how it is to be taken. */
export const CONDITION_WORDS: Record<Condition, readonly [string, Tone]> = {
  IN_RING: ['Under a key of its ring', 'good'],
  UNUSABLE: ['Under a key that cannot be used', 'bad'],
  OUTSIDE_RING: ['Under a key outside its ring', 'bad'],
  NO_RING: ['Encrypted, not in rotations.yml', 'plain'],
  UNDECIDED: ['Encrypted, ring not known', 'warn'],
  NOT_ENCRYPTED: ['Not encrypted', 'bad'],
  UNSEEN: ['Could not be looked at', 'warn'],
};

export const RESULT_WORDS: Record<Result, readonly [string, Tone]> = {
  ROTATED: ['Rotated', 'good'],
  UNCHANGED: ['Unchanged', 'good'],
  ALREADY_IN_PROGRESS: ['Already in progress', 'plain'],
  ROLLED_BACK: ['Failed, rolled back', 'warn'],
  NOT_ROLLED_BACK: ['Failed, not rolled back', 'bad'],
  FAILED: ['Failed', 'bad'],
};

export const TIMELINESS_WORDS: Record<
  Timeliness['Status'],
  readonly [string, Tone]
> = {
  IN_TIME: ['In time', 'good'],
  OVERDUE: ['Overdue', 'bad'],
  UNKNOWN: ['Unknown', 'warn'],
  NO_SCHEDULE: ['No schedule', 'plain'],
};

const SIGNS: Record<Tone, string> = {
  good: '✓',
  warn: '▲',
  bad: '✕',
  plain: '–',
};

/** A state in words, with a sign and a color. */
export function state([words, tone]: readonly [string, Tone]): Markup {
  return html`<span class="state ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${words}</span>`;
}

/** Three tables whose rows add up to their last one. */
export function summarySection({ Summary }: ReportModel): Markup {
  const { Conditions, Results, Timeliness } = Summary;
  return html`<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<div class="sums">
${sums('Streams now', CONDITION_WORDS, Conditions, Summary.Streams)}
${sums('Keys against their schedule', TIMELINESS_WORDS, Timeliness, Summary.Streams)}
${sums('Rotations in the period', RESULT_WORDS, Results, Summary.Rotations)}
</div>
<p>These rotations spent ${Summary.SlotsSpent} slots of the quota of ${QUOTA_LIMIT} keys for each stream in any 24 hours. Besides them, ${
    Summary.StartsByOthers === 1
      ? '1 key was'
      : `${Summary.StartsByOthers} keys were`
  } applied outside the ledger, as far as that is still known.</p>
</section>`;
}

function sums<Name extends string>(
  caption: string,
  words: Record<Name, readonly [string, Tone]>,
  counts: Record<Name, number>,
  total: number,
): Markup {
  const names = Object.keys(words) as Name[];
  return table({
    Caption: caption,
    Class: 'sum',
    Columns: [{ Head: 'State' }, { Head: 'Count', IsNumber: true }],
    Rows: names.map((name) => [
      counts[name] > 0
        ? state(words[name])
        : html`<span class="none">${words[name][0]}</span>`,
      counts[name],
    ]),
    Total: ['Total', total],
  });
}
