import type { Trigger } from '../../shared/contract/trigger.ts';
import { visible } from '../../shared/errors/text.ts';

/** The reason of an alarm is a paragraph; documents have it whole. */
const MAX_DETAIL = 60;

/** Who or what started a rotation, in a few words. */
export function triggerText(trigger: Trigger | undefined): string {
  const { Source = 'unknown', ...details } = trigger ?? {};
  const said = Object.values(details)
    .filter((value) => value !== null)
    .map((value) => shortened(String(value)));
  return visible([Source, ...said].join(' '));
}

function shortened(text: string): string {
  if (text.length <= MAX_DETAIL) return text;
  return `${text.slice(0, MAX_DETAIL - 1).toWellFormed()}…`;
}
