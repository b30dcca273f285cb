import { describe, expect } from 'vitest';
import { callText } from '../../cli/debug.ts';
import { it } from '../support/cli/command-line.ts';

describe('callText', () => {
  const call = { client: 'KMSClient', command: 'DescribeKeyCommand', ms: 41.6 };

  it.for([
    [
      { metadata: { httpStatusCode: 200, requestId: 'r-1', attempts: 2 } },
      'KMS DescribeKey 200 request r-1 2 attempts 42 ms',
    ],
    [
      {
        metadata: { httpStatusCode: 400, attempts: 1 },
        error: Object.assign(new Error('payload'), { name: 'NotFound' }),
      },
      'KMS DescribeKey 400 NotFound 1 attempt 42 ms',
    ],
    [{ metadata: {} }, 'KMS DescribeKey no answer 42 ms'],
  ] as const)('says how a call ended: %j', ([ended, expected]) => {
    expect(callText({ ...call, ...ended })).toBe(expected);
  });
});

describe('--debug', () => {
  it('prints calls, the stack of an error and its causes, on stderr', async ({
    cli,
  }) => {
    const args = ['quota', '--stream-name', 'nowhere', '--debug'];
    const { exitCode, stdout, stderr } = await cli.run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /^debug: Kinesis DescribeStreamSummary 400 ResourceNotFoundException request \S+ 1 attempt \d+ ms$/m,
    );
    expect(stderr).toMatch(/^debug: ResourceNotFoundException: .*nowhere/m);
    expect(stderr).toMatch(/^debug: +at .*describeStream/m);
    expect(stderr).toMatch(/^debug: Caused by ResourceNotFoundException: /m);
    expect(stderr).toMatch(/^ResourceNotFoundException: StreamName "nowhere"/m);
  });
});

describe('--version', () => {
  it('prints the version of package.json', async ({ cli }) => {
    const { default: manifest } = await import('../../package.json');
    expect(await cli.run(['--version'])).toEqual({
      exitCode: 0,
      stdout: `${manifest.version}\n`,
      stderr: '',
    });
  });
});
