import { fieldOf } from '../json.ts';

/** Longer names than AWS has would be no keys of DynamoDB. */
const STREAM_ARN =
  /^arn:(?<Partition>aws[a-z-]{0,20}):kinesis:(?<Region>[a-z0-9-]{1,30}):(?<Account>\d{12}):stream\/(?<StreamName>[a-zA-Z0-9_.-]{1,128})$/;

export const STREAM_NAME = /^[a-zA-Z0-9_.-]{1,128}$/;

export interface StreamArnParts {
  Partition: string;
  Region: string;
  Account: string;
  StreamName: string;
}

/** Splits the ARN of a data stream; undefined when it is none. */
export function parseStreamArn(arn: string): StreamArnParts | undefined {
  const parts = STREAM_ARN.exec(arn)?.groups;
  return parts && ({ ...parts } as unknown as StreamArnParts);
}

/**
 * The Region of a stream.
 *
 * @throws when the text is not the ARN of a data stream
 */
export function regionOf(streamArn: string): string {
  return partsOf(streamArn).Region;
}

/**
 * The name of a stream.
 *
 * @throws when the text is not the ARN of a data stream
 */
export function streamNameOf(streamArn: string): string {
  return partsOf(streamArn).StreamName;
}

function partsOf(streamArn: string): StreamArnParts {
  const parts = parseStreamArn(streamArn);
  if (parts !== undefined) return parts;
  throw new Error(`${streamArn} is not the ARN of a data stream`);
}

const EXECUTION_ARN =
  /^arn:(?<Partition>aws[a-z-]{0,20}):states:(?<Region>[a-z0-9-]{1,30}):(?<Account>\d{12}):execution:[^\p{Cc}\p{Cs}:]{1,80}:[^\p{Cc}\p{Cs}:]{1,80}$/u;

/**
 * Whether a text is the ARN of an execution: names are any text of up to 80
 * characters, none of them a control character.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function isExecutionArn(text: string): boolean {
  return EXECUTION_ARN.test(text);
}

/**
 * The ARN of the stream that an execution's input names, without asking AWS:
 * a name means a stream of the execution's own account and Region. Undefined
 * where the input names none.
 *
 * @param input the execution's input, whatever it is
 * @param executionArn where it runs
 */
export function streamOfExecution(
  input: unknown,
  executionArn: string,
): string | undefined {
  const arn = fieldOf(input, 'StreamARN');
  if (typeof arn === 'string') return parseStreamArn(arn) && arn;
  const name = fieldOf(input, 'StreamName');
  const here = EXECUTION_ARN.exec(executionArn)?.groups;
  if (typeof name !== 'string' || !STREAM_NAME.test(name)) {
    return undefined;
  }
  return (
    here &&
    `arn:${here.Partition}:kinesis:${here.Region}:${here.Account}:stream/${name}`
  );
}

/** The name of an execution: the last part of its ARN. */
export function executionName(executionArn: string): string {
  return executionArn.slice(executionArn.lastIndexOf(':') + 1);
}
