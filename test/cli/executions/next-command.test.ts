import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  failuresCommand,
  nextCommand,
  type Where,
} from '../../../cli/executions/next-command.ts';
import { createProgram } from '../../../cli/program.ts';
import type { Failure } from '../../../shared/contract/outcome.ts';
import { ERRORS } from '../../../shared/errors/errors.ts';

const STATES = 'arn:aws:states:eu-west-1:111122223333';
const OTHER = `${STATES}:execution:kinesis-key-rotation-prod-rotate-stream:other`;
const FAILED: Failure = {
  RotationId: `${STATES}:execution:kinesis-key-rotation-prod-rotate-stream:x`,
  StartedAt: '2026-01-01T00:00:00.000Z',
  Status: 'FAILED',
  Error: 'UpdateTimedOut',
  Cause: 'why',
  StreamName: 'orders',
};
const PROD: Where = { stage: 'prod', region: 'eu-west-1', profile: 'on call' };
const MACHINE: Where = {
  stateMachineArn: `${STATES}:stateMachine:rotate-stream`,
};
const ON_PROD = "--stage prod --region eu-west-1 --profile 'on call'";
const OWN = 'npx kinesis-key-rotation';

describe('nextCommand', () => {
  it.each<[string, Partial<Failure>, Where, string]>([
    [
      'starts it again with its key, not with the next of the ring',
      { KeyId: 'alias/b' },
      PROD,
      `${OWN} rotate --stream-name orders --key-id alias/b ${ON_PROD}`,
    ],
    [
      'plans where no key is known',
      {},
      PROD,
      `${OWN} plan --stream-name orders ${ON_PROD}`,
    ],
    [
      'plans what was corrected',
      { Error: 'UnusableKey', KeyId: 'alias/b' },
      { rotations: 'my fleet.yml' },
      `${OWN} plan --stream-name orders --key-id alias/b --rotations 'my fleet.yml'`,
    ],
    [
      'forces a Start that no change of the key can prove',
      { Error: 'StartUnconfirmed', KeyId: 'alias/b' },
      {},
      `${OWN} rotate --stream-name orders --key-id alias/b --force`,
    ],
    [
      'forces no alias that was repointed',
      { Error: 'StartUnconfirmed', KeyId: 'alias/b', RepointedFrom: 'arn:a' },
      {},
      `${OWN} rotate --stream-name orders --key-id alias/b`,
    ],
    [
      'shows the quota',
      { Error: 'QuotaExhausted' },
      PROD,
      `${OWN} quota --stream-name orders ${ON_PROD}`,
    ],
    [
      'waits for the quota where no ledger is known',
      { Error: 'QuotaExhausted', KeyId: 'alias/b' },
      MACHINE,
      `${OWN} rotate --stream-name orders --key-id alias/b --on-quota-exhausted WAIT --state-machine-arn ${MACHINE.stateMachineArn}`,
    ],
    [
      'follows the other rotation',
      { Error: 'RotationInProgress', Cause: `${OTHER} is moving the stream` },
      PROD,
      `${OWN} follow ${OTHER} --profile 'on call'`,
    ],
    [
      'shows the callers',
      { Error: 'KeyMismatch' },
      PROD,
      "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=StartStreamEncryption --start-time 2026-01-01T00:00:00.000Z --region eu-west-1 --profile 'on call'",
    ],
    [
      'shows the streams',
      { Error: 'ResourceNotFoundException' },
      { stage: 'prod' },
      'aws kinesis list-streams',
    ],
    [
      'asks no AWS CLI about the embedded AWS',
      { Error: 'ResourceNotFoundException' },
      {},
      `${OWN} plan --stream-name orders`,
    ],
    [
      'prints all that is known of a defect',
      { Error: 'InternalError' },
      PROD,
      `${OWN} follow ${FAILED.RotationId} --output json --profile 'on call'`,
    ],
    [
      'plans every stream where none is known',
      { Error: 'InvalidRequest', StreamName: undefined as never },
      {},
      `${OWN} plan --all`,
    ],
  ])('%s', (_, fields, where, command) => {
    expect(nextCommand({ ...FAILED, ...fields }, where)).toBe(command);
  });

  const errors = [
    ...Object.keys(ERRORS),
    ...['ResourceNotFoundException', 'NotFoundException', 'Timeout'],
    ...['AccessDeniedException', 'KMSDisabledException', 'FunctionFailed'],
  ];
  const text = fc.string({ unit: 'grapheme-ascii', minLength: 1 });
  const maybe = <T>(value: fc.Arbitrary<T>) =>
    fc.option(value, { nil: undefined as never });
  const failures = fc.record({
    StreamName: maybe(fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/)),
    StreamARN: maybe(
      fc.constant('arn:aws:kinesis:us-east-1:111122223333:stream/a'),
    ),
    KeyId: maybe(fc.constantFrom('alias/aws/kinesis', 'alias/b', OTHER)),
    RepointedFrom: maybe(fc.constant('arn:a')),
    Cause: fc.constantFrom('why', `${OTHER} is moving the stream`),
  });
  const wheres = fc.oneof(
    fc.record({ rotations: maybe(text) }),
    fc.record({ stage: text, region: maybe(text), profile: maybe(text) }),
    fc.record({
      stateMachineArn: fc.constant(MACHINE.stateMachineArn),
      profile: maybe(text),
    }),
  );

  it.each(errors)('reads in a shell as the flags that it names: %s', (name) => {
    const samples = fc.sample(fc.tuple(failures, wheres), 30);
    const commands = samples.map(([failure, where]) =>
      nextCommand({ ...FAILED, ...failure, Error: name }, where),
    );
    const read = wordsOf(commands);
    for (const [at, [failure, where]] of samples.entries()) {
      const [first, second, ...args] = read[at] ?? [];
      if (first === 'aws') {
        const services = ['kinesis', 'kms', 'cloudtrail', 'cloudwatch'];
        expect(services).toContain(second);
        continue;
      }
      expect([first, second]).toEqual(['npx', 'kinesis-key-rotation']);
      const { given, unknown } = parsed(args);
      expect(unknown).toEqual([]);
      for (const [flag, value] of Object.entries(given)) {
        const known: Record<string, unknown> = { ...failure, ...where };
        const field = {
          streamName: 'StreamName',
          streamArn: 'StreamARN',
          keyId: 'KeyId',
        }[flag];
        const expected = known[field ?? flag];
        if (expected !== undefined) expect(value).toBe(expected);
      }
    }
  });
});

describe('failuresCommand', () => {
  it('lists what failed since the fleet started', () => {
    expect(failuresCommand(FAILED.StartedAt, PROD)).toBe(
      `${OWN} history --status FAILED --since 2026-01-01T00:00:00.000Z ${ON_PROD}`,
    );
    expect(failuresCommand(FAILED.StartedAt, MACHINE)).toBeUndefined();
  });
});

/** The words of each command, as a shell reads them. */
function wordsOf(commands: readonly string[]): string[][] {
  const script = commands
    .map((command) => `set -- ${command}\nprintf '%s\\0' "$@" '<end>'`)
    .join('\n');
  // A mistake in the quotes finds no command, and writes no file here.
  const all = execFileSync('/bin/sh', ['-c', script], {
    encoding: 'utf8',
    cwd: tmpdir(),
    env: { PATH: '' },
  });
  return all
    .split('<end>\0')
    .slice(0, -1)
    .map((words) => words.split('\0').slice(0, -1));
}

function parsed([name, ...args]: string[]) {
  const never = new AbortController().signal;
  const program = createProgram({
    signal: never,
    forceQuit: never,
    exitCode: () => undefined,
  });
  const command = program.commands.find((each) => each.name() === name);
  const { operands, unknown } = command?.parseOptions(args) ?? {};
  const [rotations] = program.options;
  const isOurs = (flag: string) => flag === rotations?.long;
  const globals = (unknown ?? []).findIndex(isOurs);
  const own = globals < 0 ? unknown : unknown?.toSpliced(globals, 2);
  expect(operands?.length).toBe(name === 'follow' ? 1 : 0);
  const given: Record<string, unknown> = command?.opts() ?? {};
  return { given, unknown: own };
}
