import { expect } from 'vitest';
import { ANY_PORTS, ENDLESS_UPDATE, it } from '../support/cli/command-line.ts';

it('a rotation whose embedded AWS was killed with its owner ends with an outcome', async ({
  cli,
}) => {
  const owner = cli.start(['local', ...ANY_PORTS], { env: ENDLESS_UPDATE });
  await owner.said('Ctrl-C ends it.');
  const client = cli.start(['rotate', '--output', 'json']);
  await client.said('WaitForUpdate');
  owner.kill('SIGKILL');
  await owner.ended;
  client.kill('SIGINT');
  const { exitCode, stdout } = await client.ended;

  expect(exitCode).toBe(130);
  expect(JSON.parse(stdout)).toEqual({
    Status: 'FAILED',
    RotationId: expect.stringContaining(':execution:rotate-stream:'),
    StartedAt: expect.any(String),
    StreamName: 'samplestream',
    Error: 'ExecutionAborted',
    Cause: expect.stringMatching(
      /It could not be settled, so it is unknown whether its key was applied: Ledger table .*ECONNREFUSED/,
    ),
  });

  // The next command owns the folder, and settles what was left.
  const next = await cli.run(['rotate', '--output', 'json']);
  expect(next.exitCode).toBe(0);
  const history = await cli.run(['history', '--output', 'json']);
  expect(JSON.parse(history.stdout)).toMatchObject([
    { Status: 'SUCCEEDED' },
    { Status: 'FAILED', Error: 'ExecutionAborted' },
  ]);
});
