import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileVariant, runs } from '../support/hostile/hostile-json.ts';

const SAMPLE = {
  StreamName: 'orders',
  KeyIds: ['alias/a', 'alias/b'],
  Nested: [{ Empty: [], Of: {} }, [null, 1, true]],
};

/** What JSON.parse never makes; without recursion, as some are deep. */
function notOfJson(value: unknown): string[] {
  const found: string[] = [];
  const open = [value];
  while (open.length > 0) {
    const part = open.pop();
    const problem = problemOf(part);
    if (problem) found.push(problem);
    if (typeof part === 'object' && part !== null) {
      for (const inner of Object.values(part)) open.push(inner);
    }
  }
  return found;
}

function problemOf(part: unknown): string | undefined {
  if (part === null || ['string', 'boolean'].includes(typeof part)) return;
  if (typeof part === 'number') {
    return Number.isFinite(part) ? undefined : `the number ${part}`;
  }
  if (typeof part !== 'object') return `a value of type ${typeof part}`;
  if (Reflect.ownKeys(part).some((key) => typeof key === 'symbol')) {
    return 'a symbol as a key';
  }
  if (Array.isArray(part)) {
    const hasItemsOnly = Object.keys(part).every((key, at) => key === `${at}`);
    return hasItemsOnly && Object.keys(part).length === part.length
      ? undefined
      : 'an array with a gap or a named field';
  }
  return Object.getPrototypeOf(part) === Object.prototype
    ? undefined
    : 'an object of another prototype';
}

describe('hostileVariant', () => {
  it('makes only what JSON.parse can make', () => {
    fc.assert(
      fc.property(hostileVariant(SAMPLE), (variant) => {
        expect(notOfJson(variant)).toEqual([]);
      }),
      runs(1000),
    );
  });

  it('also makes objects with __proto__ as their own field', () => {
    const [found] = fc
      .sample(hostileVariant({}), { numRuns: 1000, seed: 1 })
      .filter((it) => Object.hasOwn(Object(it), '__proto__'));
    expect(found).toBeDefined();
  });
});
