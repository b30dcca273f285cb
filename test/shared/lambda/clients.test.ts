import { expect, it } from 'vitest';
import {
  httpHandler,
  REQUEST_TIMEOUT_MS,
} from '../../../shared/lambda/clients.ts';

it('a call without an answer fails after 10 s, on which the stamp of a slot rests', async () => {
  const handler = httpHandler();
  // Its options are known once it has handled a call.
  await handler
    .handle({ protocol: 'http:', hostname: '127.0.0.1', port: 9 } as never)
    .catch(() => {});
  expect(handler.httpHandlerConfigs()).toMatchObject({
    requestTimeout: 10_000,
    throwOnRequestTimeout: true,
  });
  expect(REQUEST_TIMEOUT_MS).toBe(10_000);
  handler.destroy();
});
