import { createServer } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { withHangUps } from '../../../local/instruments/hang-ups.ts';
import { listen } from '../../support/local/listen.ts';

const serve = (answer: Parameters<typeof withHangUps>[0]) =>
  listen(createServer(withHangUps(answer)));

it('ends the exchange of a client that hangs up before its request is whole', async () => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
  const endpoint = await serve(async (request) => {
    begin();
    await text(request).then(end, (error) => {
      end(error);
      throw error;
    });
  });
  const client = connect(Number(new URL(endpoint).port), '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nfour');
  await begun;
  client.resetAndDestroy();
  expect(await ended).toMatchObject({ code: 'ECONNRESET' });
});

it('hangs up where the service behind it does', async () => {
  const endpoint = await serve(async () => {
    throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
  });
  await expect(fetch(endpoint)).rejects.toThrow('fetch failed');
});
