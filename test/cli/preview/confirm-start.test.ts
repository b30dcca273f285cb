import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  afterAll,
  beforeAll,
  beforeEach,
  describe,
  expect,
  it,
  vi,
} from 'vitest';
import type { Interruption } from '../../../cli/interruption.ts';
import {
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import { atTerminal } from '../../support/cli/at-terminal.ts';
import {
  STAGE_MACHINES,
  startStage,
} from '../../support/cli/deployed-stage.ts';
import { runInProcess } from '../../support/cli/run-in-process.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const { stream: MACHINE, fleet: FLEET } = STAGE_MACHINES;

const undone: (() => void | Promise<void>)[] = [];
const atEnd = (undo: () => void | Promise<void>) => undone.unshift(undo);

let aws: LocalRotations;
let rotations: string;
let env: Record<string, string>;
/** Of every StartExecution, the state machine. */
let started: string[];

beforeAll(async () => {
  aws = await openLocalRotations(0, 2);
  atEnd(() => aws.close());
  const entries = [aws.nextStream(), aws.nextStream()];
  rotations = join(await temporaryDirectory(atEnd), 'rotations.yml');
  await writeFile(rotations, JSON.stringify({ Streams: entries }));
  env = await startStage(atEnd, (machine) => {
    started.push(machine);
  });
});

afterAll(async () => {
  for (const undo of undone) await undo();
});

beforeEach(() => {
  started = [];
});

/** Runs it with a terminal on which a person types, or without one. */
function rotateOn(
  flags: string[],
  typed: string | null | undefined,
  interruption?: Partial<Interruption>,
) {
  return atTerminal(typed, () =>
    runInProcess(
      ['rotate', '--rotations', rotations, '--no-wait', ...flags],
      env,
      interruption,
    ),
  );
}

describe('rotate on AWS, without a named stream', () => {
  it('shows what moves and where, and starts it on yes', async () => {
    const { exitCode, stdout, stderr } = await rotateOn(
      ['--stage', 'prod'],
      'y\n',
    );
    expect(started).toEqual([MACHINE]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^arn:aws:states:.*:stream-0-\d{8}T\d+Z\n$/);
    const [head, row, access, sum, question] = stderr.split('\n');
    expect(head).toMatch(/^Stream +Would end as +Key +Why +Slots left$/);
    expect(row).toMatch(
      /^stream-0 +ROTATED +not encrypted -> alias\/0-a +the stream is not encrypted +24$/,
    );
    expect(access).toMatch(
      /^Access not checked: stream-0: AWS_ENDPOINT_URL_KMS is set, and /,
    );
    expect(sum).toMatch(/^1 stream, 0 would fail, about USD/);
    expect(question).toMatch(
      /^Start this rotation on stage prod of account 000000000000 in us-east-1\? \(y\/N\) /,
    );
  });

  it('shows every stream of --all', async () => {
    const { exitCode, stderr } = await rotateOn(
      ['--stage', 'prod', '--all'],
      ' YES \n',
    );
    expect({ exitCode, started }).toEqual({ exitCode: 0, started: [FLEET] });
    expect(stderr).toMatch(
      /\nstream-0 .*\nstream-1 .*\nAccess .*\n2 streams, 0 would/,
    );
    expect(stderr).toContain('Start 2 rotations on stage prod');
  });

  it('shows the ring where a state machine names no ledger', async () => {
    const { exitCode, stderr } = await rotateOn(
      ['--state-machine-arn', MACHINE],
      'y\n',
    );
    expect({ exitCode, started }).toEqual({ exitCode: 0, started: [MACHINE] });
    expect(stderr).toMatch(
      /^Stream +Ring\nstream-0 +alias\/0-a, alias\/0-b, alias\/0-c\nThe plan is unknown/,
    );
  });

  it.each([
    ['no', 'n\n'],
    ['nothing', '\n'],
    ['another word', 'yesterday\n'],
    ['the end of the input', null],
  ])('starts nothing on %s', async (_, typed) => {
    const { exitCode, stdout, stderr } = await rotateOn(
      ['--stage', 'prod'],
      typed,
    );
    expect({ exitCode, stdout, started }).toEqual({
      exitCode: 1,
      stdout: '',
      started: [],
    });
    expect(stderr).toMatch(
      /\nNothing was started\n$|\) Nothing was started\n$/,
    );
  });

  it('starts nothing on Ctrl-C at the question', async () => {
    const controller = new AbortController();
    const running = rotateOn(['--stage', 'prod'], '', {
      signal: controller.signal,
      exitCode: () => (controller.signal.aborted ? 130 : undefined),
    });
    await vi.waitFor(() => {
      const asked = vi.mocked(process.stderr.write).mock.calls.flat().join('');
      expect(asked).toContain('(y/N)');
    }, 60_000);
    controller.abort('SIGINT');
    const { exitCode, stdout, stderr } = await running;
    expect({ exitCode, stdout, started }).toEqual({
      exitCode: 130,
      stdout: '',
      started: [],
    });
    expect(stderr).toMatch(/\nSIGINT: nothing was started\n$/);
  });

  it.each([
    ['a missing stream', ['--stage', 'prod']],
    ['--all', ['--stage', 'prod', '--all']],
    ['a missing stream', ['--state-machine-arn', MACHINE]],
  ])('is refused without a terminal: %s', async (_, flags) => {
    const { exitCode, stdout, stderr } = await rotateOn(flags, undefined);
    expect({ exitCode, stdout, started }).toEqual({
      exitCode: 2,
      stdout: '',
      started: [],
    });
    expect(stderr).toMatch(/^InvalidRequest: [^\n]*--yes[^\n]*\n$/);
  });

  it('asks nothing with --yes, or for a named stream', async () => {
    const stage = ['--stage', 'prod'];
    await rotateOn([...stage, '--yes'], undefined);
    await rotateOn([...stage, '--all', '--yes'], undefined);
    await rotateOn([...stage, '--stream-name', 'stream-1'], undefined);
    expect(started).toEqual([MACHINE, FLEET, MACHINE]);
  });

  it('starts nothing where the plan may not be read', async () => {
    const denying = await startJsonService(
      {
        name: 'DynamoDB',
        target: 'DynamoDB_20120810',
        version: '1.0',
        operations: {
          GetItem: () => {
            throw new ServiceError('AccessDeniedException', 'ann may not');
          },
        },
      },
      0,
    );
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', denying.endpoint);
    const { exitCode, stdout, stderr } = await rotateOn(
      ['--stage', 'prod'],
      'y\n',
    ).finally(denying.close);
    expect({ exitCode, stdout, started }).toEqual({
      exitCode: 3,
      stdout: '',
      started: [],
    });
    expect(stderr).toMatch(
      /^The plan cannot be read, so nothing was started: AWS does not allow it [^\n]*ann may not[^\n]*--yes starts without a plan\n$/,
    );
  });
});
