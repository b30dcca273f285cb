import { describe, expect, it } from 'vitest';
import { PEERS } from '../../../bench/subjects/contenders.ts';

function first(pauses: Iterable<number>, count: number): number[] {
  const taken: number[] = [];
  for (const pause of pauses) {
    if (taken.push(pause) === count) break;
  }
  return taken;
}

describe('the pauses of a peer follow its source', () => {
  it.each([
    ['Terraform', [10, 3, 6, 10, 10]],
    ['SSM runbook', [0, 1, 1, 1, 1]],
    ['shell script', [5, 5, 5, 5, 5]],
  ])('%s', (name, pauses) => {
    const peer = PEERS.find((one) => one.name === name);
    expect(first(peer?.pauses() ?? [], 5)).toEqual(pauses);
  });
});
