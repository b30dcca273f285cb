import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import { effectOf } from '../../../shared/guard/needed-key.ts';
import type { JudgedKey } from '../../keys/judge-keys.ts';
import type { LastUsage } from '../../keys/key-state.ts';
import type { KeyUse } from '../../keys/key-uses.ts';
import { NOT_COVERED } from '../../keys/keys-document.ts';
import { plural } from '../findings.ts';
import type { ReportModel } from '../report-model.ts';
import { utc } from '../time-text.ts';
import {
  type Cell,
  code,
  fold,
  type State,
  small,
  state,
  table,
} from './markup.ts';

/** Until when records need each key, at the time of the look at all streams. */
export function keyNeedsSection({ keyNeeds }: ReportModel): Cell {
  if (keyNeeds === undefined || keyNeeds.keys.length === 0) return '';
  const { keys, at, streams } = keyNeeds;
  return html`<section aria-labelledby="key-needs">
<h2 id="key-needs">Keys that records need</h2>
<p>A record stays under the key that it was written with until its retention ends. At ${utc(at)}, after a look at ${plural(streams, 'stream')} of the account and Region. Not looked at:</p>
<ul>${NOT_COVERED.map((line) => html`<li>${line}</li>`)}</ul>
${fold(
  plural(keys.length, 'key'),
  table({
    caption: plural(keys.length, 'key'),
    className: 'kms-keys cards',
    columns: ['Key', 'Needed', 'State now', 'Last use', 'Streams'],
    rows: keys.map((key) => keyRow(key)),
  }),
)}
</section>`;
}

function keyRow(key: JudgedKey): Cell[] {
  const { KeyArn, keyIds, unknown, uses } = key;
  const names = keyIds.filter((keyId) => keyId !== KeyArn);
  return [
    html`${names.map((name, at) => html`${at > 0 ? ', ' : ''}${code(name)}`)}${KeyArn === undefined ? '' : names.length === 0 ? code(KeyArn) : small(code(KeyArn))}`,
    html`${state(verdictOf(key))}${unknown.map((reason) => small(visible(reason)))}`,
    stateCell(key),
    usageText(key.state.lastUsage),
    html`${uses.map((use, at) => html`${at > 0 ? html`<br>` : ''}${useText(use)}`)}`,
  ];
}

function verdictOf({ verdict, neededUntil }: JudgedKey): State {
  const until = neededUntil === undefined ? '' : utc(neededUntil);
  switch (verdict) {
    case 'IN_USE':
      return ['in use', 'plain'];
    case 'NEEDED':
      return [`until ${until}`, 'plain'];
    case 'NOT_KNOWN':
      return ['not known', 'warn'];
    default:
      return [`by no record since ${until}`, 'good'];
  }
}

function stateCell({ state: seen, risk }: JudgedKey): Cell {
  const { metadata, refusal } = seen;
  const danger =
    risk === undefined ? '' : small(`it ${visible(effectOf(risk))}`);
  if (metadata === undefined) {
    return html`<em>unknown</em>${small(visible(String(refusal)))}${danger}`;
  }
  const { KeyState, DeletionDate, ValidTo } = metadata;
  const text = visible(String(KeyState));
  return html`${risk === undefined ? text : state([text, 'bad'])}${danger}${DeletionDate ? small(`deleted at ${utc(DeletionDate.getTime())}`) : ''}${
    ValidTo ? small(`material expires at ${utc(ValidTo.getTime())}`) : ''
  }`;
}

function usageText(usage: LastUsage): Cell {
  switch (usage.status) {
    case 'USED':
      return html`${utc(usage.at)}${small(visible(usage.operation))}`;
    case 'NOT_SINCE':
      return html`none since ${utc(usage.since)}${small(usage.isWholeLife ? 'when it was created' : 'when KMS began to record it')}`;
    default:
      return html`<em>not known</em>${small(visible(usage.reason))}`;
  }
}

function useText({ StreamName, From, IsSeen, LeftAt, until }: KeyUse): Cell {
  const left = LeftAt === undefined ? 'now' : utc(LeftAt);
  const needed = until === undefined ? '' : `, needed until ${utc(until)}`;
  return html`<bdi>${visible(StreamName)}</bdi> ${utc(From)}${IsSeen ? ' or before' : ''} to ${left}${needed}`;
}
