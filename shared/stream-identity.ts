const STREAM_ARN =
  /^arn:(?<Partition>aws[a-z-]*):kinesis:(?<Region>[a-z0-9-]+):(?<Account>\d{12}):stream\/(?<StreamName>[a-zA-Z0-9_.-]{1,128})$/;

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

const EXECUTION_ARN =
  /^arn:(?<Partition>aws[a-z-]*):states:(?<Region>[a-z0-9-]+):(?<Account>\d{12}):execution:/;

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
  if (typeof input !== 'object' || input === null) return undefined;
  const { StreamARN, StreamName } = input as Record<string, unknown>;
  if (typeof StreamARN === 'string') {
    return parseStreamArn(StreamARN) && StreamARN;
  }
  const here = EXECUTION_ARN.exec(executionArn)?.groups;
  if (typeof StreamName !== 'string' || !STREAM_NAME.test(StreamName)) {
    return undefined;
  }
  return (
    here &&
    `arn:${here.Partition}:kinesis:${here.Region}:${here.Account}:stream/${StreamName}`
  );
}
