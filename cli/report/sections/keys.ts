import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import { plural } from '../findings.ts';
import type { KeyFacts } from '../key-facts.ts';
import type { KmsRotation } from '../report-input.ts';
import type { ReportModel, StreamModel } from '../report-model.ts';
import { duration, utc } from '../time-text.ts';
import {
  type Cell,
  code,
  fold,
  type Markup,
  small,
  state,
  table,
} from './markup.ts';

/** The age of the keys themselves, beside the time that streams are under them. */
export function keysSection(model: ReportModel): Cell {
  const rows = model.streams.flatMap((stream) =>
    stream.keys.map((key) => keyRow(stream, key, model)),
  );
  if (rows.length === 0) return '';
  return html`<section aria-labelledby="keys">
<h2 id="keys">KMS keys</h2>
<p>The age of the keys themselves, as KMS has it, beside the time since a stream moved to them. KMS's own rotation replaces the key material under the same key ARN; no stream moves.</p>
${ringNotes(model.streams)}
${fold(
  plural(rows.length, 'key'),
  table({
    caption: plural(rows.length, 'key'),
    className: 'kms-keys cards',
    columns: [
      'Key and stream',
      'Created',
      'Origin, manager',
      "KMS's own rotation",
      'Stream under it',
    ],
    rows,
  }),
)}
</section>`;
}

/** Which keys come back, and how soon: by the length of the ring. */
function ringNotes(streams: readonly StreamModel[]): Markup {
  const ordered = streams
    .filter(({ ringLength }) => ringLength !== undefined)
    .sort((a, b) => Number(a.ringLength) - Number(b.ringLength));
  const notes = new Set(ordered.map(ringWords));
  return html`<ul class="rings">${[...notes].map((words) => {
    const names = streams
      .filter((stream) => ringWords(stream) === words)
      .map(({ StreamName }) => html`<bdi>${visible(StreamName)}</bdi>`);
    return html`<li>${words} ${names.map((name, at) => html`${at > 0 ? ', ' : ''}${name}`)}.</li>`;
  })}</ul>`;
}

function ringWords({ ring, ringLength = 0 }: StreamModel): string {
  if (ring.length === 1) {
    return 'Ring of 1 alias: a rotation applies the key to which the owner points it:';
  }
  return ringLength < 2
    ? 'Ring of 1 key, which no rotation replaces:'
    : `Ring of ${ringLength} keys: every ${ringLength} rotations the same key returns, and after the first round no rotation brings a new key:`;
}

function keyRow(
  { anchor, StreamName, ringLength }: StreamModel,
  key: KeyFacts,
  model: ReportModel,
): Cell[] {
  const { place, KeyId, KeyArn, createdAt, keyState } = key;
  const isUsable = keyState === undefined || keyState === 'Enabled';
  return [
    html`${code(KeyId)}${KeyArn === undefined ? '' : small(code(shortArn(KeyArn, model)))}${small(
      html`<a href="#${anchor}"><bdi>${visible(StreamName)}</bdi></a>, ${place === undefined ? 'outside its ring' : `key ${place} of ${ringLength}`}`,
    )}${isUsable ? '' : html`<br>${state([visible(keyState), 'bad'])}`}`,
    createdAt === undefined
      ? html`<em>unknown</em>${key.refusal ? small(visible(key.refusal)) : ''}`
      : html`${utc(createdAt)}${small(`${duration(model.generatedAt - createdAt)} ago`)}`,
    originCell(key, model.account),
    rotationCell(key.rotation, key.refusal !== undefined),
    useCell(key, model.generatedAt),
  ];
}

/** Without the account and the Region, if they are those of the report. */
function shortArn(arn: string, { region, account }: ReportModel): string {
  const [head, resource] = arn.split(`:kms:${region}:${account}:`);
  return head?.startsWith('arn:') && resource ? resource : arn;
}

function originCell(
  { origin, keyManager, account }: KeyFacts,
  here: string,
): Cell {
  if (origin === undefined) return html`<em>unknown</em>`;
  const elsewhere = account === undefined || account === here ? '' : account;
  return html`${visible(origin)}${small(visible(keyManager ?? 'unknown'))}${
    elsewhere ? small(`of account ${visible(elsewhere)}`) : ''
  }`;
}

function rotationCell(rotation: KmsRotation, isReasonShown: boolean): Cell {
  if (rotation.status === 'UNKNOWN') {
    const reason = isReasonShown ? '' : small(visible(rotation.reason));
    return html`<em>unknown</em>${reason}`;
  }
  if (rotation.status === 'OFF') return 'off';
  const { periodInDays, nextAt } = rotation;
  return html`on${periodInDays ? `, every ${periodInDays} days` : ''}${nextAt ? small(`next ${utc(nextAt)}`) : ''}`;
}

function useCell({ isPresent, movedAt, lastAt }: KeyFacts, now: number): Cell {
  const moved =
    movedAt === undefined ? 'since unknown' : `since ${utc(movedAt)}`;
  if (isPresent) {
    const age = movedAt === undefined ? '' : small(duration(now - movedAt));
    return html`<b>now</b>, ${moved}${age}`;
  }
  return lastAt === undefined ? 'no record' : `not now, last ${utc(lastAt)}`;
}
