import { describe, expect, it } from 'vitest';
import { handler } from '../../functions/plan-fleet.ts';
import { CONTEXT } from '../support/workflow/planned-state.ts';

const ring = { KeyIds: ['alias/a', 'alias/b'] };
const request = (StreamName: string) => ({ StreamName, ...ring });

describe('PlanFleet', () => {
  it('gives every stream its request and the time that it waits', async () => {
    const Streams = ['orders', 'payments'].map(request);
    const plan = await handler({ Streams }, CONTEXT);
    expect(plan).toHaveProperty('Streams', [
      { Request: request('orders'), WaitSeconds: 0 },
      { Request: request('payments'), WaitSeconds: 0 },
    ]);
  });

  it('refuses a stream that is listed twice, and names it', async () => {
    const Streams = ['orders', 'orders'].map(request);
    const refusal = await handler({ Streams }, CONTEXT);
    expect(refusal).toEqual({
      Error: 'InvalidRequest',
      Cause: expect.stringMatching(/^Streams\[1\]: StreamName "orders" is/),
    });
  });
});
