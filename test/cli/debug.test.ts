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
    const env = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'AKIASECRET',
      AWS_SECRET_ACCESS_KEY: 'secret',
      // The port of "discard": no service listens on it.
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9',
    };
    const args = ['quota', '--stream-name', 'samplestream', '--debug'];
    const { exitCode, stdout, stderr } = await cli.run(args, { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toMatch(
      /^debug: Kinesis DescribeStreamSummary 200 request \S+ 1 attempt \d+ ms$/m,
    );
    expect(stderr).toMatch(
      /^debug: DynamoDB DescribeTable no answer Error \d attempts \d+ ms$/m,
    );
    expect(stderr).toMatch(/^debug: ServiceUnavailable: Ledger table/m);
    expect(stderr).toMatch(/^debug: +at .*ensureLedgerTable/m);
    expect(stderr).toMatch(/^debug: Caused by Error: connect ECONNREFUSED/m);
    expect(stderr).toMatch(/^ServiceUnavailable: Ledger table/m);
    expect(stderr).not.toMatch(/secret/i);
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
