import { expect, it } from 'vitest';
import { inWorld } from '../support/simulation/world.ts';

/** SOAK=1 takes more seeds, and SEED one of them. */
const { SOAK, SEED } = process.env;
const SEEDS = SEED ? [Number(SEED)] : [1, 2, 3, 4, 5, 6, 7, 8];
const MANY = SOAK ? 200 : 40;
const KEYS = ['alias/a', 'alias/b'];

/**
 * Where answers take seconds, rotations overtake one another between the read
 * and the write of the ledger.
 */
it.each(SEEDS)(
  'many rotations of one stream in one instant, over a slow network, seed %i',
  async (seed) => {
    await inWorld(
      {
        seed,
        replay: `SEED=${seed} npx vitest run test/simulation/herd.test.ts`,
        skews: () => [0],
        updateMs: (random) => random.between(300, 3_000),
        faultOf: ({ operation }, random) =>
          operation.startsWith('Describe') && random.chance(0.2)
            ? 'answered late'
            : undefined,
        slowPerMille: 500,
      },
      async ({ random, keys, kinesis, executions, invariants }) => {
        keys.ensure(...KEYS);
        kinesis.create('orders');
        const rotate = () => {
          const KeyId = random.pick(KEYS);
          executions.start('orders', { StreamName: 'orders', KeyId });
        };
        // The first entry of a stream has a condition of its own.
        rotate();
        await executions.idle();
        for (let n = 0; n < MANY; n++) rotate();
        await executions.idle();
        invariants.atEnd('orders');
        const { starts } = kinesis.stream('orders');
        const { Slots } = invariants.entry('orders');
        expect(starts.length).toBeGreaterThan(0);
        expect(Slots).toHaveLength(starts.length);
      },
    );
  },
  600_000,
);
