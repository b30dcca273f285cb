import type { Trigger } from '../../shared/contract/trigger.ts';
import { visible } from '../../shared/errors/text.ts';

/** Who or what started a rotation, in a few words. */
export function triggerText(trigger: Trigger | undefined): string {
  const { Source = 'unknown', ...details } = trigger ?? {};
  const said = Object.values(details).filter((value) => value !== null);
  return visible([Source, ...said].join(' '));
}
