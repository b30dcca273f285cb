import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { withHangUps } from './hang-ups.ts';

interface PutEvents {
  headers: IncomingHttpHeaders;
  body: { Entries: Record<string, unknown>[] };
}

export interface EventBus {
  endpoint: string;
  /** What has arrived. */
  requests: PutEvents[];
  close: () => Promise<void>;
}

export type Answer = (response: Parameters<RequestListener>[1]) => void;

/** EventBridge answers so, in its own form. */
export function answering(status: number, body: object): Answer {
  return (response) => {
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.1',
    });
    response.end(JSON.stringify(body));
  };
}

/** The event was taken. */
export const TAKEN = answering(200, {
  FailedEntryCount: 0,
  Entries: [{ EventId: '11710aed-b79e-4468-a20b-bb3c0c3b4860' }],
});

/** The connection ends once the request has arrived. */
export const HANGING_UP: Answer = (response) => response.destroy();

/**
 * A stand-in for EventBridge, which has no emulator: takes PutEvents over HTTP, and
 * gives the configured answer.
 */
export async function startEventBus(answer: Answer = TAKEN): Promise<EventBus> {
  const requests: PutEvents[] = [];
  const server = createServer(
    withHangUps(async (request, response) => {
      const { headers } = request;
      requests.push({
        headers,
        body: (await json(request)) as PutEvents['body'],
      });
      answer(response);
    }),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
