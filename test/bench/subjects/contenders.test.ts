import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CONTENDERS,
  PEERS,
  STREAMS,
} from '../../../bench/subjects/contenders.ts';
import { openMeasuredAws } from '../../../bench/subjects/measured-aws.ts';
import { recordCalls } from '../../../bench/support/calls.ts';

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

describe('Cloud Custodian', () => {
  /** Longer than the test, so that the stream stays UPDATING. */
  const UPDATE_SECONDS = 600;
  const at = CONTENDERS.findIndex(({ name }) => name === 'Cloud Custodian');
  let aws: Awaited<ReturnType<typeof openMeasuredAws>>;

  beforeAll(async () => {
    aws = await openMeasuredAws(UPDATE_SECONDS, STREAMS);
  });

  afterAll(() => aws.close());

  async function encrypt(key: 0 | 1) {
    const { StreamName, KeyIds } = aws.ring(at);
    const { calls } = await recordCalls(
      async () =>
        await CONTENDERS[at]?.apply({ StreamName, KeyId: KeyIds[key] }, aws),
    );
    return calls.map(({ operation }) => operation);
  }

  it('returns after the Start, and skips a stream that is UPDATING', async () => {
    expect(await encrypt(0)).toEqual([
      'DescribeStream',
      'DescribeKey',
      'StartStreamEncryption',
    ]);
    expect(await encrypt(1)).toEqual(['DescribeStream', 'DescribeKey']);
  });
});
