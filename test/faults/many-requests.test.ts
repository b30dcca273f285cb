import { expect, it, onTestFinished } from 'vitest';
import { startKinesis } from '../../local/services/kinesis.ts';
import { ACCOUNT, REGION } from '../support/local/connected-clients.ts';
import { temporaryDirectory } from '../support/local/temporary-directory.ts';

/** kinesis-local takes 1,024 connections, and never answers the next one. */
it('the embedded Kinesis answers the 1,100th request as the first', async () => {
  const { endpoint, close } = await startKinesis({
    directory: await temporaryDirectory(),
    port: 0,
    region: REGION,
    account: ACCOUNT,
    updateSeconds: 0,
  });
  onTestFinished(close);
  for (let batch = 0; batch < 110; batch++) {
    const calls = Array.from({ length: 10 }, async () => {
      const answer = await fetch(`${endpoint}/healthcheck`);
      await answer.arrayBuffer();
      return answer.status;
    });
    expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
  }
});
