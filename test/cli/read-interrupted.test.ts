import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect } from 'vitest';
import { it } from '../support/cli/command-line.ts';
import { listen } from '../support/local/listen.ts';

/** Takes connections, and never answers. */
async function silentServer() {
  const server = createServer(() => {});
  return { server, endpoint: await listen(server) };
}

describe('a command that only reads', () => {
  it.for([
    ['SIGINT', 130, ['quota', '--stream-name', 'orders']],
    ['SIGTERM', 143, ['history', '--stream-name', 'orders']],
    ['SIGINT', 130, ['report', '--stream-name', 'orders', '--file', '-']],
    [
      'SIGTERM',
      143,
      ['plan', '--stream-name', 'orders', '--key-id', 'alias/a'],
    ],
  ] as const)(
    'ends with %s as %i while AWS does not answer: %j',
    async ([signal, code, args], { cli }) => {
      const { server, endpoint } = await silentServer();
      const connected = once(server, 'connection');
      const { kill, ended } = cli.start(args, {
        env: {
          AWS_ENDPOINT_URL: endpoint,
          AWS_ACCESS_KEY_ID: 'x',
          AWS_SECRET_ACCESS_KEY: 'x',
        },
      });
      await connected;
      kill(signal);
      const { exitCode, stdout, stderr } = await ended;
      expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
      expect(stderr).toContain(`${signal}: nothing was started`);
    },
  );
});
