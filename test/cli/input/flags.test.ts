import { describe, expect, it, onTestFinished } from 'vitest';
import { startCloudFormation } from '../../support/cli/cloudformation.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';

const MACHINE =
  'arn:aws:states:us-east-1:000000000000:stateMachine:rotate-stream';

describe('KINESIS_KEY_ROTATION_STAGE', () => {
  it.each([
    ['is the stage without the flag', [], 'kinesis-key-rotation-dev in Region'],
    [
      'yields to the flag',
      ['--stage', 'qa'],
      'kinesis-key-rotation-qa in Region',
    ],
    [
      'yields to the flag of a state machine',
      ['--state-machine-arn', MACHINE, '--region', 'eu-west-1'],
      '--region "eu-west-1" is not the Region of --state-machine-arn',
    ],
    [
      'yields to the embedded AWS',
      ['--stage', '', '--region', 'eu-west-1'],
      '--region "eu-west-1" applies to a deployed stage',
    ],
    [
      'leaves two flags a contradiction',
      ['--stage', 'qa', '--state-machine-arn', MACHINE],
      "'--state-machine-arn <arn>' cannot be used with option '--stage <stage>'",
    ],
  ])('%s', async (_, flags, words) => {
    const { stdout, stderr } = await runInProcess(
      ['rotate', '--stream-name', 'orders', '--key-id', 'alias/a', ...flags],
      {
        AWS_ENDPOINT_URL_CLOUDFORMATION: await startCloudFormation(
          {},
          onTestFinished,
        ),
        AWS_ACCESS_KEY_ID: 'key',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_REGION: 'us-east-1',
        KINESIS_KEY_ROTATION_STAGE: 'dev',
      },
    );
    expect(stdout).toBe('');
    expect(stderr).toContain(words);
  });

  it('that is empty leaves the embedded AWS', async () => {
    const { stderr } = await runInProcess(
      ['history', '--region', 'eu-west-1'],
      { KINESIS_KEY_ROTATION_STAGE: '' },
    );
    expect(stderr).toContain('--region "eu-west-1" applies to a deployed');
  });
});
