import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startJsonService } from '../../../local/services/json-service.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { startSts } from '../../support/cli/sts.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const STATES = 'arn:aws:states:us-east-1:111122223333';
const CALLER = 'arn:aws:sts::111122223333:assumed-role/Admin/ann';
const SETTINGS = {
  AWS_ACCESS_KEY_ID: 'a',
  AWS_SECRET_ACCESS_KEY: 'b',
  AWS_ENDPOINT_URL: '',
};

/** The input of the execution that these arguments start, and the line on stderr. */
async function started(
  machine: string,
  args: readonly string[],
  sts: string | undefined,
) {
  const inputs: string[] = [];
  const { endpoint, close } = await startJsonService(
    {
      name: 'Step Functions',
      target: 'AWSStepFunctions',
      version: '1.0',
      operations: {
        StartExecution: ({ input }) => {
          inputs.push(String(input));
          const executionArn = `${STATES}:execution:${machine}:x`;
          return { executionArn, startDate: new Date(0) };
        },
      },
    },
    0,
  );
  onTestFinished(close);
  const folder = await temporaryDirectory();
  const rotations = join(folder, 'rotations.yml');
  const KeyIds = ['alias/a', 'alias/b'];
  const Streams = ['orders', 'clicks'].map((StreamName) => ({
    StreamName,
    KeyIds,
  }));
  await writeFile(rotations, JSON.stringify({ Streams }));
  const stateMachineArn = `${STATES}:stateMachine:${machine}`;
  const { stderr, exitCode } = await runInProcess(
    [
      ...['rotate', '--rotations', rotations, '--no-wait', ...args],
      ...['--state-machine-arn', stateMachineArn],
    ],
    {
      ...SETTINGS,
      AWS_ENDPOINT_URL_SFN: endpoint,
      AWS_ENDPOINT_URL_STS: sts ?? '',
    },
  );
  expect(exitCode).toBe(0);
  expect(inputs).toHaveLength(1);
  return { input: JSON.parse(inputs[0] ?? ''), stderr };
}

describe('the Trigger of a rotation from the command line', () => {
  it('has the ARN of the caller, and the ticket', async () => {
    const sts = await startSts(CALLER, onTestFinished);
    const args = ['--ticket', 'SEC-2291', '--stream-name', 'orders'];
    const { input } = await started('rotate-stream', args, sts);
    expect(input.Trigger).toEqual({
      Source: 'manual',
      Ticket: 'SEC-2291',
      CallerArn: CALLER,
    });
  });

  it('has it for every stream of a fleet', async () => {
    const sts = await startSts(CALLER, onTestFinished);
    const args = ['--ticket', 'SEC-2291', '--all', '--yes'];
    const { input } = await started('rotate-fleet', args, sts);
    const Trigger = { Source: 'manual', Ticket: 'SEC-2291', CallerArn: CALLER };
    expect(input.Streams).toMatchObject([
      { StreamName: 'orders', Trigger },
      { StreamName: 'clicks', Trigger },
    ]);
  });

  it('has no caller where STS does not name it, and the rotation starts', async () => {
    const sts = await startSts(undefined, onTestFinished);
    const args = ['--stream-name', 'orders'];
    const { input, stderr } = await started('rotate-stream', args, sts);
    expect(input.Trigger).toEqual({ Source: 'manual' });
    expect(stderr).toContain('does not record its caller');
    expect(stderr).toContain('AccessDenied: no');
  });

  it('has no caller where Step Functions is not that of AWS', async () => {
    const args = ['--stream-name', 'orders'];
    const { input, stderr } = await started('rotate-stream', args, undefined);
    expect(input.Trigger).toEqual({ Source: 'manual' });
    expect(stderr).not.toContain('caller');
  });

  it('stays as it is where it has no room for the caller', async () => {
    const sts = await startSts(CALLER, onTestFinished);
    const Trigger = {
      Source: 'manual',
      ...Object.fromEntries(Array.from({ length: 19 }, (_, n) => [`f${n}`, n])),
    };
    const json = JSON.stringify({ StreamName: 'orders', Trigger });
    const args = ['--cli-input-json', json];
    const { input } = await started('rotate-stream', args, sts);
    expect(input.Trigger).toEqual(Trigger);
  });
});
