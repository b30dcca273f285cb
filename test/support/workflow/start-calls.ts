import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';

const CHANNEL = 'http.client.request.start';

/** Counts the StartStreamEncryption requests that leave this process. */
export function countStartCalls(): { count: () => number; stop: () => void } {
  let calls = 0;
  const onRequest = (message: unknown) => {
    const { request } = message as { request: ClientRequest };
    const target = String(request.getHeader('x-amz-target'));
    if (target.endsWith('.StartStreamEncryption')) calls++;
  };
  subscribe(CHANNEL, onRequest);
  return {
    count: () => calls,
    stop: () => {
      unsubscribe(CHANNEL, onRequest);
    },
  };
}
