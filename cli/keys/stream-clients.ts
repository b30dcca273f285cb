import type { KinesisClient } from '@aws-sdk/client-kinesis';
import { ledgerTableName } from '../../shared/lambda/clients.ts';
import {
  type DescribedStream,
  describeStream,
} from '../../shared/lookup/describe-stream.ts';
import {
  DESCRIPTIONS_PER_SECOND,
  throttled,
} from '../discovery/account-streams.ts';
import {
  type ServiceClients,
  withServiceClients,
} from '../environment/service-clients.ts';

/** What reads streams, their keys and the ledger. */
export interface StreamClients extends ServiceClients {
  tableName: string;
  /** DescribeStreamSummary, at the pace of {@link DESCRIPTIONS_PER_SECOND}. */
  describe: (streamArn: string) => Promise<DescribedStream>;
}

/** Gives the clients of the AWS that the variables name, and closes them. */
export function withStreamClients<T>(
  work: (clients: StreamClients) => Promise<T>,
): Promise<T> {
  return withServiceClients((clients) =>
    work({
      ...clients,
      tableName: ledgerTableName(),
      describe: pacedDescribe(clients.kinesis),
    }),
  );
}

/** One pace for all callers that share the function. */
export function pacedDescribe(
  kinesis: KinesisClient,
): StreamClients['describe'] {
  return throttled(
    (StreamARN: string) => describeStream(kinesis, { StreamARN }),
    DESCRIPTIONS_PER_SECOND,
  );
}
