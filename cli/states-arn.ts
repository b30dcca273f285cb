import { STATE_MACHINE_NAME } from '../local/state-machine.ts';
import { quote, RotationError } from '../shared/errors.ts';

/** What the ARN of a state machine or of an execution says. */
export interface StatesArn {
  arn: string;
  partition: string;
  region: string;
  /** Of 12 digits. */
  account: string;
}

const STATES_ARN =
  /^arn:(aws[\w-]*):states:([a-z0-9-]+):(\d{12}):(stateMachine|execution):([^:\s]+)(?::([^:\s]+))?$/;

/**
 * Reads the ARN of a deployed or embedded rotate-stream; one of its versions or
 * aliases may be named.
 *
 * @param flag what it was given with, for messages
 * @throws {RotationError} InvalidRequest
 */
export function parseStateMachineArn(arn: string, flag: string): StatesArn {
  return parse(arn, flag, 'stateMachine');
}

/**
 * Reads the ARN of an execution of rotate-stream.
 *
 * @throws {RotationError} InvalidRequest
 */
export function parseExecutionArn(arn: string): StatesArn {
  return parse(arn, 'EXECUTION_ARN', 'execution');
}

function parse(
  arn: string,
  what: string,
  expected: 'stateMachine' | 'execution',
): StatesArn {
  const [, partition, region, account, type, machine, name] =
    STATES_ARN.exec(arn) ?? [];
  const isComplete = expected === 'stateMachine' || name !== undefined;
  if (!partition || !region || !account || type !== expected || !isComplete) {
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
  const isOurs =
    machine === STATE_MACHINE_NAME ||
    machine?.endsWith(`-${STATE_MACHINE_NAME}`);
  if (!isOurs) {
    throw new RotationError(
      'InvalidRequest',
      `${what} ${quote(arn)} is of the state machine ${quote(machine)}; rotations are executions of one whose name ends in ${STATE_MACHINE_NAME}`,
    );
  }
  return { arn, partition, region, account };
}
