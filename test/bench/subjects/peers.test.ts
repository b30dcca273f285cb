import { describe, expect, it } from 'vitest';
import { PEERS } from '../../../bench/subjects/peers.ts';

function first(pauses: Iterable<number>, count: number): number[] {
  const taken: number[] = [];
  for (const pause of pauses) {
    if (taken.push(pause) === count) break;
  }
  return taken;
}

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
