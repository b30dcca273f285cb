import {
  type JsonService,
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import type { AtEnd } from '../local/temporary-directory.ts';

type Operations = JsonService['operations'];

/**
 * Starts a Kinesis and a KMS with these operations and no others.
 *
 * @returns the variables that lead to them
 */
export async function startAccount(
  kinesis: Operations,
  kms: Operations,
  atEnd: AtEnd,
): Promise<Record<string, string>> {
  const services = [
    ['KINESIS', 'Kinesis_20131202', kinesis],
    ['KMS', 'TrentService', kms],
  ] as const;
  const variables: Record<string, string> = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'ann',
    AWS_SECRET_ACCESS_KEY: 'ann',
  };
  for (const [name, target, operations] of services) {
    const service = { name, target, version: '1.1' as const, operations };
    const { endpoint, close } = await startJsonService(service, 0);
    atEnd(close);
    variables[`AWS_ENDPOINT_URL_${name}`] = endpoint;
  }
  return variables;
}

/** A stream as DescribeStreamSummary describes it. */
export interface AccountStream {
  StreamName: string;
  StreamStatus?: string;
  /** Of an encrypted stream. */
  KeyId?: string;
}

/** The operations of a Kinesis with these streams. */
export function streamsOf(streams: readonly AccountStream[]): Operations {
  return {
    ListStreams: () => ({
      StreamNames: streams.map(({ StreamName }) => StreamName),
      HasMoreStreams: false,
    }),
    DescribeStreamSummary: (input) => {
      const stream = streams.find(
        (each) => each.StreamName === input.StreamName,
      );
      if (stream === undefined) {
        throw new ServiceError('ResourceNotFoundException', 'no such stream');
      }
      return {
        StreamDescriptionSummary: {
          StreamStatus: 'ACTIVE',
          StreamARN: `arn:aws:kinesis:us-east-1:111122223333:stream/${stream.StreamName}`,
          EncryptionType: stream.KeyId ? 'KMS' : 'NONE',
          ...stream,
        },
      };
    },
  };
}

/** An operation that AWS denies. */
export const denied = (): never => {
  throw new ServiceError('AccessDeniedException', 'ann may not');
};
