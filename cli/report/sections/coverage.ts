import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import { plural } from '../findings.ts';
import type { UnmanagedStream } from '../report-input.ts';
import type { ReportModel } from '../report-model.ts';
import { describedKey } from '../sightings.ts';
import {
  type Cell,
  fold,
  keyName,
  type Markup,
  type State,
  small,
  state,
  table,
} from './markup.ts';

/** In a line: how many streams are not managed, or why that is not known. */
export function coverageSummary({ coverage }: ReportModel): Markup {
  if (coverage.status === 'NOT_ASKED') {
    return html`<p>This report is about one stream. The other streams of the account were not listed.</p>`;
  }
  if (coverage.status === 'UNKNOWN') {
    return html`<p>${state([`Not known which streams exist: ${visible(coverage.reason)}`, 'warn'])}</p>`;
  }
  const { streams, notManaged } = coverage;
  const all = `of ${plural(streams, 'stream')} in this account and Region`;
  if (notManaged.length === 0) {
    return html`<p>${state(['0 streams not managed', 'good'])}, ${all}.</p>`;
  }
  const open = notManaged.filter(isNotEncrypted).length;
  const tone = open > 0 ? 'bad' : 'warn';
  return html`<p>${state([`${plural(notManaged.length, 'stream')} not managed`, tone])}, ${all}; ${open} not encrypted. <a href="#coverage">Which they are</a>.</p>`;
}

/** The streams that rotations.yml does not list; nothing without any. */
export function coverageSection({ coverage }: ReportModel): Cell {
  if (coverage.status !== 'LISTED' || coverage.notManaged.length === 0) {
    return '';
  }
  return html`<section aria-labelledby="coverage">
<h2 id="coverage">Streams not managed</h2>
<p>Streams of this account and Region that the rotations.yml of this report does not list. This report has no records of them. Another stage may manage them.</p>
${fold(
  plural(coverage.notManaged.length, 'stream'),
  table({
    caption: plural(coverage.notManaged.length, 'stream'),
    className: 'unmanaged cards',
    columns: ['Stream', 'Encryption', 'Key'],
    rows: coverage.notManaged.map(unmanagedRow),
  }),
)}
</section>`;
}

const isNotEncrypted = ({ description }: UnmanagedStream) =>
  describedKey(description) === null;

function unmanagedRow({ StreamName, description }: UnmanagedStream): Cell[] {
  const name = html`<bdi>${visible(StreamName)}</bdi>`;
  if ('Error' in description) {
    const { Error: error, Cause } = description;
    const unknown: State = ['Could not be described', 'warn'];
    return [
      name,
      html`${state(unknown)}${small(visible(`${error}: ${Cause}`))}`,
      keyName(undefined),
    ];
  }
  const key = describedKey(description);
  const encryption: State =
    key === null ? ['Not encrypted', 'bad'] : ['Encrypted', 'plain'];
  return [name, state(encryption), keyName(key)];
}
