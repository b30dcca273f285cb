import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { stringify } from 'yaml';
import {
  ANY_PORTS,
  exportedVariables,
  it,
} from '../../support/cli/command-line.ts';

const MACHINE =
  'arn:aws:states:us-east-1:000000000000:stateMachine:rotate-fleet';
const stream = (StreamName: string) => ({
  StreamName,
  KeyIds: [`alias/${StreamName}-a`, `alias/${StreamName}-b`],
});

async function rotationsFile(home: string, names: string[]): Promise<string> {
  const path = join(home, `${names.join('-')}.yml`);
  await writeFile(path, stringify({ Streams: names.map(stream) }));
  return path;
}

describe.concurrent('rotate --all', () => {
  it('moves every stream, here', async ({ cli }) => {
    const rotations = await rotationsFile(cli.home, ['orders', 'ads']);
    const all = ['rotate', '--all', '--rotations', rotations];
    const dry = await cli.run([...all, '--dry-run']);
    expect(dry.exitCode).toBe(0);
    expect(dry.stdout).toContain('2 streams, 0 would fail');

    const { exitCode, stdout, stderr } = await cli.run(all);
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      [
        'Stream  Ended as  Key or cause',
        'orders  ROTATED   alias/orders-a',
        'ads     ROTATED   alias/ads-a',
        '2 streams: 2 ROTATED',
        '',
      ].join('\n'),
    );
    expect(stderr).toMatch(/^Using the embedded AWS of \S+\/\n/);
    expect(
      stderr.match(/^ +\d+\.\d s (orders|ads) ROTATED, \d of 2$/gm),
    ).toHaveLength(2);
  });

  it('starts a fleet on a state machine, of which one may fail', async ({
    cli,
  }) => {
    const here = await rotationsFile(cli.home, ['orders', 'ads']);
    const more = await rotationsFile(cli.home, ['orders', 'nowhere', 'ads']);
    const { said } = cli.start(['local', '--rotations', here, ...ANY_PORTS]);
    const exported = await said('export AWS_SECRET_ACCESS_KEY=local\n');
    const how = { env: exportedVariables(exported) };
    const { exitCode, stdout, stderr } = await cli.run(
      [
        ...['rotate', '--all', '--yes', '--rotations', more],
        ...['--state-machine-arn', MACHINE],
      ],
      how,
    );

    expect(exitCode).toBe(1);
    // A long cause goes on below.
    const rows = stdout.split('\n').filter((line) => !line.startsWith(' '));
    const [head, orders, nowhere, ads, sum] = rows;
    for (const line of stdout.split('\n')) {
      expect(line.length).toBeLessThanOrEqual(120);
    }
    expect(head).toMatch(/^Stream +Ended as +Key or cause$/);
    expect(orders).toMatch(/^orders +ROTATED +alias\/orders-a$/);
    expect(nowhere).toMatch(
      /^nowhere +ResourceNotFoundException +StreamName "nowhere"/,
    );
    expect(ads).toMatch(/^ads +ROTATED +alias\/ads-a$/);
    expect(sum).toBe('3 streams: 2 ROTATED, 1 FAILED');
    const [, arn = ''] = /^Started (\S+)$/m.exec(stderr) ?? [];
    expect(stderr).toContain('nowhere ResourceNotFoundException, 1 of 3');

    const followed = await cli.run(
      [
        'follow',
        arn,
        '--query',
        'Counts.[ROTATED, FAILED]',
        '--output',
        'text',
      ],
      how,
    );
    expect(followed).toMatchObject({ exitCode: 1, stdout: '2\t1\n' });
  });

  it('refuses to be for one stream as well', async ({ cli }) => {
    const { exitCode, stderr } = await cli.run([
      'rotate',
      '--all',
      '--key-id',
      'alias/a',
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^InvalidRequest: --all [^\n]*KeyId "alias\/a"[^\n]*\n$/,
    );
  });
});
