import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { withHangUps } from '../../../local/instruments/hang-ups.ts';

async function listen(answer: Parameters<typeof withHangUps>[0]) {
  const server = createServer(withHangUps(answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

it('ends the exchange of a client that hangs up before its request is whole', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  const port = await listen(async (request) => {
    begin();
    await text(request).then(end, (error) => {
      end(error);
      throw error;
    });
  });
  const client = connect(port, '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfour');
  await begun;
  client.resetAndDestroy();
  expect(await ended).toMatchObject({ code: 'ECONNRESET' });
});

it('hangs up where the service behind it does', async () => {
  const port = await listen(async () => {
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  });
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow(
    'fetch failed',
  );
});
