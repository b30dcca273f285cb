import type { StateMachineName } from '../../local/runner/state-machine.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { parseRegionalArn } from '../../shared/identifiers/arn.ts';

/** What the ARN of a state machine or of an execution says. */
export interface StatesArn {
  arn: string;
  machine: StateMachineName;
  partition: string;
  region: string;
  /** Of 12 digits. */
  account: string;
}

const RESOURCE = /^(stateMachine|execution):([^:\s]+)(?::([^:\s]+))?$/;

const MACHINES: readonly StateMachineName[] = ['rotate-stream', 'rotate-fleet'];

/**
 * Reads the ARN of a state machine of ours, deployed or embedded; one of its
 * versions or aliases may be named.
 *
 * @param flag what it was given with, for messages
 * @throws {RotationError} InvalidRequest
 */
export function parseStateMachineArn(
  arn: string,
  flag: string,
  machine: StateMachineName,
): StatesArn {
  return parse(arn, flag, 'stateMachine', [machine]);
}

/**
 * Reads the ARN of an execution of one of our state machines.
 *
 * @throws {RotationError} InvalidRequest
 */
export function parseExecutionArn(arn: string): StatesArn {
  return parse(arn, 'EXECUTION_ARN', 'execution', MACHINES);
}

/** The stage of a state machine or execution that was deployed, by its name. */
export function stageOf(arn: string): string | undefined {
  const [, stage] =
    /:kinesis-key-rotation-([^:]+)-rotate-(?:stream|fleet)(?::|$)/.exec(arn) ??
    [];
  return stage;
}

/** The ARN of the state machine of an execution. */
export function stateMachineArnOf(executionArn: string): string {
  return executionArn.replace(/:execution:([^:]+):.*$/, ':stateMachine:$1');
}

/** The ARN of an execution of a state machine, whose version or alias may be named. */
export function executionArnOf(stateMachineArn: string, name: string): string {
  return stateMachineArn.replace(
    /:stateMachine:([^:]+)(:[^:]+)?$/,
    `:execution:$1:${name}`,
  );
}

function parse(
  arn: string,
  what: string,
  expected: 'stateMachine' | 'execution',
  machines: readonly StateMachineName[],
): StatesArn {
  const parts = parseRegionalArn(arn, 'states');
  const [, type, machineName, name] =
    RESOURCE.exec(parts?.resource ?? '') ?? [];
  const isComplete = expected === 'stateMachine' || name !== undefined;
  if (parts === undefined || type !== expected || !isComplete) {
    const form =
      expected === 'stateMachine'
        ? 'arn:aws:states:<Region>:<account>:stateMachine:<name>'
        : 'arn:aws:states:<Region>:<account>:execution:<state machine>:<name>';
    const noun =
      expected === 'stateMachine' ? 'a state machine' : 'an execution';
    throw new RotationError(
      'InvalidRequest',
      `${what} ${quote(arn)} is not the ARN of ${noun}; expected ${form}`,
    );
  }
  const machine = machines.find(
    (one) => machineName === one || machineName?.endsWith(`-${one}`),
  );
  if (machine === undefined) {
    throw new RotationError(
      'InvalidRequest',
      `${what} ${quote(arn)} is of the state machine ${quote(machineName)}; expected one whose name ends in ${machines.join(' or ')}`,
    );
  }
  const { partition, region, account } = parts;
  return { arn, machine, partition, region, account };
}
