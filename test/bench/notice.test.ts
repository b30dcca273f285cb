import { describe, expect, it } from 'vitest';
import { noticedAt } from '../../bench/notice.ts';
import { PEERS } from '../../bench/peers.ts';

function first(pauses: Iterable<number>, count: number): number[] {
  const taken: number[] = [];
  for (const pause of pauses) {
    if (taken.push(pause) === count) break;
  }
  return taken;
}

it('an update is noticed by the first look that is not before its end', () => {
  expect(noticedAt([0, 1, 1, 3], 1.5)).toBe(2);
  expect(noticedAt([0, 1, 1, 3], 2)).toBe(2);
  expect(noticedAt([0, 1, 1, 3], 2.1)).toBe(5);
  expect(noticedAt([0, 1], 0)).toBe(0);
});

describe('a peer pauses as its source says', () => {
  it.each([
    ['Terraform', [10, 3, 6, 10, 10]],
    ['SSM runbook', [0, 1, 1, 1, 1]],
    ['shell script', [5, 5, 5, 5, 5]],
  ])('%s', (name, pauses) => {
    const peer = PEERS.find(({ Name }) => Name === name);
    expect(first(peer?.pauses() ?? [], 5)).toEqual(pauses);
  });
});
