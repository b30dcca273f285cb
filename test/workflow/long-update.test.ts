import { expect, it } from 'vitest';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';
import { openLocalRotations } from '../support/workflow/local-rotations.ts';

/** In real time: the emulator's updates take no clock. */
it('an update of 40 seconds is noticed within a tenth of its length', async () => {
  const seconds = 40;
  const aws = await openLocalRotations(seconds);
  const { StreamName, KeyIds } = aws.nextStream();
  const looks: ExecutionEvent[] = [];
  const outcome = await aws.rotate(
    { StreamName, KeyId: KeyIds[0] },
    {
      waits: { WaitForPropagation: 0 },
      onEvent: (event) => {
        const isLook = event.state?.name === 'DescribeStream';
        if (isLook && event.type === 'StateEntered') looks.push(event);
      },
    },
  );
  await aws.close();
  expect(outcome).toMatchObject({ Outcome: 'ROTATED', Quota: { Used: 1 } });
  const [first, last] = [looks[0], looks.at(-1)];
  const waited = ((last?.timestamp ?? 0) - (first?.timestamp ?? 0)) / 1000;
  expect(waited).toBeGreaterThanOrEqual(seconds - 1);
  expect(waited).toBeLessThan(seconds * 1.1 + 1);
  expect(looks.length).toBeLessThan(35);
});
