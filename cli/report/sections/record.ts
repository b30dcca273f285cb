import { html } from 'hono/html';
import type { Outcome } from '../../../shared/contract/outcome.ts';
import { visible } from '../../../shared/errors/text.ts';
import type { Markup } from './markup.ts';

/** The section of a stream names these already. */
const KNOWN = ['StreamName', 'StreamARN'];

/** Every field of a rotation's record, under its name, with its value as it is. */
export function recordFields(outcome: Outcome): Markup {
  return html`<dl class="record">${flatten(outcome)
    .filter(([name]) => !KNOWN.includes(name))
    .map(
      ([name, value]) =>
        html`<dt>${visible(name)}</dt><dd>${visible(value)}</dd>`,
    )}</dl>`;
}

/** The fields of an object, and those of objects in it as `Quota.Used`. */
function flatten(value: object, path = ''): [name: string, value: string][] {
  return Object.entries(value).flatMap(([name, one]): [string, string][] => {
    if (one === undefined) return [];
    if (typeof one === 'object' && one !== null) {
      return flatten(one, `${path}${name}.`);
    }
    return [[`${path}${name}`, String(one)]];
  });
}
