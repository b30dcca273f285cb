import { parseArn } from '../../../shared/identifiers/arn.ts';
import { type Input, ServiceError } from '../json-service.ts';

const MAX_INPUT_LENGTH = 262_144;
/** Far from what the recursion of the interpreter takes; no request needs it. */
const MAX_INPUT_DEPTH = 1_000;
/** What Step Functions forbids in names. */
const ILLEGAL_IN_NAME = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}]/u;

export function requiredArn(field: string, value: Input[string]): string {
  if (typeof value !== 'string') {
    throw invalid(value, field, 'Member must not be null');
  }
  if (value.startsWith('arn:')) return value;
  throw invalidArn(`Invalid ARN prefix: ${value}`);
}

/** @throws {ServiceError} InvalidArn for the ARN of something else */
export function checkType(
  arn: string,
  expected: 'stateMachine' | 'execution',
): void {
  const { service, resource } = parseArn(arn) ?? {};
  const type = resource?.replace(/:.*/s, '');
  if (service === 'states' && type === expected) return;
  throw invalidArn(`Resource type not valid in this context: ${type}`);
}

function invalidArn(why: string): ServiceError {
  return new ServiceError('InvalidArn', `Invalid Arn: '${why}'`);
}

export function checkName(name: Input[string]): void {
  const text = String(name);
  if (text.length > 80) {
    const constraint = 'Member must have length less than or equal to 80';
    throw invalid(name, 'name', constraint);
  }
  if (text === '' || ILLEGAL_IN_NAME.test(text)) {
    throw new ServiceError('InvalidName', `Invalid Name: '${text}'`);
  }
}

export function parseInput(input: Input[string]): unknown {
  const text = String(input);
  if (text.length > MAX_INPUT_LENGTH) {
    throw invalid(
      `${text.slice(0, 20)}...`,
      'input',
      `Member must have length less than or equal to ${MAX_INPUT_LENGTH}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalidInput((error as Error).message);
  }
  if (isDeeper(value, MAX_INPUT_DEPTH)) {
    throw invalidInput(`It is nested deeper than ${MAX_INPUT_DEPTH} levels`);
  }
  return value;
}

function invalidInput(why: string): ServiceError {
  return new ServiceError(
    'InvalidExecutionInput',
    `Invalid State Machine Execution Input: '${why}'`,
  );
}

/** Level by level, as recursion would end where it is needed. */
function isDeeper(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; depth < limit; depth += 1) {
    level = level.flatMap((each) =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

export function invalid(
  value: unknown,
  field: string,
  why: string,
): ServiceError {
  const quoted = value === undefined ? 'null' : `'${value}'`;
  return new ServiceError(
    'ValidationException',
    `1 validation error detected: Value ${quoted} at '${field}' failed to satisfy constraint: ${why}`,
  );
}

export function optionalText(value: Input[string]): string | undefined {
  return value === undefined ? undefined : String(value);
}
