import { fieldOf } from '../json.ts';

/**
 * The parts of an ARN.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export interface Arn {
  partition: string;
  service: string;
  region: string;
  /** 12 digits; empty where the resource belongs to no account. */
  account: string;
  resource: string;
}

/** Bounded, since longer names than AWS has would not fit into DynamoDB keys. */
const ARN =
  /^arn:(?<partition>aws[a-z-]{0,20}):(?<service>[a-z0-9-]{1,30}):(?<region>[a-z0-9-]{0,30}):(?<account>\d{12}|):(?<resource>[^\p{Cc}\p{Cs}]{1,1024})$/u;

/** Splits an ARN; undefined for anything else. */
export function parseArn(text: string): Arn | undefined {
  const parts = ARN.exec(text)?.groups;
  return parts && ({ ...parts } as unknown as Arn);
}

/**
 * Splits an ARN that AWS itself returned.
 *
 * @throws for anything else
 */
export function readArn(text: string): Arn {
  const arn = parseArn(text);
  if (arn !== undefined) return arn;
  throw new Error(`${text} is not an ARN`);
}

/** Splits the ARN of a resource of a service in an account and a Region. */
export function parseRegionalArn(
  text: string,
  service: string,
): Arn | undefined {
  const arn = parseArn(text);
  const isRegional = arn?.service === service && arn.region && arn.account;
  return isRegional ? arn : undefined;
}

export const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,128}$/;

export interface StreamArn extends Arn {
  streamName: string;
}

/** Splits the ARN of a data stream; undefined for anything else. */
export function parseStreamArn(text: string): StreamArn | undefined {
  const arn = parseRegionalArn(text, 'kinesis');
  if (!arn?.resource.startsWith('stream/')) return undefined;
  const streamName = arn.resource.slice('stream/'.length);
  return STREAM_NAME.test(streamName) ? { ...arn, streamName } : undefined;
}

/**
 * Splits the ARN of a data stream that AWS itself returned.
 *
 * @throws for anything else
 */
export function readStreamArn(text: string): StreamArn {
  const arn = parseStreamArn(text);
  if (arn !== undefined) return arn;
  throw new Error(`${text} is not the ARN of a data stream`);
}

/** The ARN of a stream, in the account and Region of another resource. */
export function toStreamArn(
  { partition, region, account }: Pick<Arn, 'partition' | 'region' | 'account'>,
  streamName: string,
): string {
  return `arn:${partition}:kinesis:${region}:${account}:stream/${streamName}`;
}

/** Of a state machine's name and its own; both have up to 80 characters. */
const EXECUTION = /^execution:[^:]{1,80}:[^:]{1,80}$/u;

/**
 * Whether a text is the ARN of an execution.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function isExecutionArn(text: string): boolean {
  return parseExecution(text) !== undefined;
}

function parseExecution(text: string): Arn | undefined {
  const arn = parseRegionalArn(text, 'states');
  return arn && EXECUTION.test(arn.resource) ? arn : undefined;
}

/** The name of an execution: the last part of its ARN. */
export function executionName(executionArn: string): string {
  return executionArn.slice(executionArn.lastIndexOf(':') + 1);
}

/**
 * The ARN of the stream that an execution's input names, without asking AWS. A
 * name alone means a stream in the execution's own account and Region. Undefined
 * where the input names none.
 *
 * @param input the execution's input, of any type
 */
export function streamOfExecution(
  input: unknown,
  executionArn: string,
): string | undefined {
  const streamArn = fieldOf(input, 'StreamARN');
  // Empty in the skeleton of the AWS CLI, beside the name.
  if (typeof streamArn === 'string' && streamArn !== '') {
    return parseStreamArn(streamArn) && streamArn;
  }
  const name = fieldOf(input, 'StreamName');
  if (typeof name !== 'string' || !STREAM_NAME.test(name)) return undefined;
  const execution = parseExecution(executionArn);
  return execution && toStreamArn(execution, name);
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
