import { html } from 'hono/html';
import { QUOTA_LIMIT } from '../../../shared/ledger/window.ts';
import { plural } from '../findings.ts';
import type { Counts, ReportModel } from '../report-model.ts';
import { coverageSummary } from './coverage.ts';
import { type Markup, type State, state, table } from './markup.ts';
import { CONDITIONS, RESULTS, TIMELINESS } from './words.ts';

/** Three tables whose rows add up to their last one. */
export function summarySection(model: ReportModel): Markup {
  const { summary } = model;
  const { conditions, results, timeliness, streams, rotations } = summary;
  return html`<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<div class="sums">
${countTable('Streams now', CONDITIONS, conditions, streams)}
${countTable('Keys by their schedule', TIMELINESS, timeliness, streams)}
${countTable('Rotations in the period', RESULTS, results, rotations)}
</div>
<p>These rotations spent ${plural(summary.slotsSpent, 'slot')}. AWS's quota is ${QUOTA_LIMIT} keys for each stream in any 24 hours. External starts, outside the ledger, applied ${plural(summary.externalStarts, 'more key')}, as far as the ledger still has their reports. External stops switched encryption off ${summary.externalStops === 1 ? 'once' : `${summary.externalStops} times`}.</p>
${coverageSummary(model)}
</section>`;
}

function countTable<Name extends string>(
  caption: string,
  states: Record<Name, State>,
  counts: Counts<Name>,
  total: number,
): Markup {
  return table({
    caption,
    className: 'sum',
    columns: ['State', 'Count'],
    numbers: ['Count'],
    rows: (Object.keys(states) as Name[]).map((name) => {
      const count = counts[name];
      const [words] = states[name];
      return count === undefined
        ? [html`<span class="none">${words}</span>`, 0]
        : [state(states[name]), count];
    }),
    total: ['Total', total],
  });
}
