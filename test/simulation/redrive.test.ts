import { expect, it } from 'vitest';
import { usage } from '../../shared/ledger/usage.ts';
import { STOPPED_MS } from '../../shared/ledger/window.ts';
import { pause } from '../support/simulation/virtual-time.ts';
import { inWorld } from '../support/simulation/world.ts';

const KEYS = ['alias/a', 'alias/b'];

it('a Start whose answer was lost stays counted, though others moved the stream back before it was redriven', async () => {
  let starts = 0;
  await inWorld(
    {
      seed: 1,
      replay: 'npx vitest run test/simulation/redrive.test.ts',
      skews: () => [0],
      updateMs: () => 3_000,
      faultOf: ({ operation }) =>
        operation === 'StartStreamEncryption' && ++starts === 2
          ? 'killed after'
          : undefined,
    },
    async (world) => {
      const { keys, kinesis, executions, invariants } = world;
      keys.ensure(...KEYS);
      kinesis.create('orders');
      const rotate = (KeyId = '') =>
        executions.start('orders', { StreamName: 'orders', KeyId });
      rotate(KEYS[0]);
      await executions.idle();
      const stopped = rotate(KEYS[1]);
      world.onKill = () => stopped.stop();
      await executions.idle();
      rotate(KEYS[0]);
      await executions.idle();
      await pause(STOPPED_MS);
      executions.redrive(stopped);
      await executions.idle();
      invariants.atEnd('orders');

      const applied = kinesis.stream('orders').starts.map(({ keyId }) => keyId);
      expect(applied).toEqual(['alias/a', 'alias/b', 'alias/a', 'alias/b']);
      const { Used } = usage(invariants.entry('orders'), Date.now());
      expect(Used).toBe(applied.length);
    },
  );
});
