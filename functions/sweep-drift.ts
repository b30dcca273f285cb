import type { KinesisClient } from '@aws-sdk/client-kinesis';
import type { KMSClient } from '@aws-sdk/client-kms';
import pThrottle from 'p-throttle';
import {
  parseRequest,
  type RotationRequest,
} from '../shared/contract/request.ts';
import { requestedStream } from '../shared/contract/requested.ts';
import { nameError } from '../shared/errors/aws-errors.ts';
import { RotationError } from '../shared/errors/errors.ts';
import { quote } from '../shared/errors/text.ts';
import { readStreamArn } from '../shared/identifiers/arn.ts';
import { type DriftFinding, detectDrift } from '../shared/keys/drift.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerReader,
} from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import { measureDrift } from '../shared/lambda/metrics.ts';
import type { LedgerReader } from '../shared/ledger/ledger-reader.ts';
import { usage } from '../shared/ledger/usage.ts';
import { lookUpKeys } from '../shared/lookup/describe-keys.ts';
import { describeStream } from '../shared/lookup/describe-stream.ts';

interface Dependencies {
  /** Must not retry by itself: the rate below counts attempts. */
  kinesis: KinesisClient;
  kms: KMSClient;
  ledger: Pick<LedgerReader, 'read'>;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A stream that could not be looked at has no Drift, and so no datapoint. */
interface SweptStream {
  StreamName: string;
  Drift: DriftFinding['Drift'] | null;
  Reason: string;
}

export interface Sweep {
  Status: 'SUCCEEDED';
  Streams: SweptStream[];
}

/** A quarter of what the account has, so that a sweep never gets in the way. */
const DESCRIPTIONS_PER_SECOND = 5;

/**
 * Looks at streams and publishes for each a metric that says whether it is as
 * its ring wants it. Changes nothing; a stream that cannot be looked at is
 * logged, gets no datapoint, and does not keep the others from theirs.
 *
 * @throws InvalidRequest for streams that are none
 * @see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 */
export function createSweepDrift(dependencies: Dependencies) {
  const { kinesis, now } = dependencies;
  const describe = pThrottle({
    limit: DESCRIPTIONS_PER_SECOND,
    interval: 1000,
    strict: true,
  })((StreamName: string) => describeStream(kinesis, { StreamName }));

  return taskHandler(async (event: unknown): Promise<Sweep> => {
    const requests = readStreams(event);
    const Streams = await Promise.all(
      requests.map(async ({ KeyIds, ...request }) => {
        const StreamName = requestedStream(request);
        try {
          const stream = await describe(StreamName);
          const found = await look(stream, KeyIds, dependencies, now());
          measureDrift(StreamName, found.Drift, found.QuotaUsed);
          const { Drift, Reason } = found;
          if (Drift) logger.warn('Drift', { StreamName, Reason });
          return { StreamName, Drift, Reason };
        } catch (error) {
          const { name, message } = nameError(error);
          const Reason = `could not be looked at: ${name}: ${message}`;
          logger.error('Stream could not be looked at', { StreamName, Reason });
          return { StreamName, Drift: null, Reason };
        }
      }),
    );
    return { Status: 'SUCCEEDED', Streams };
  });
}

/** @param event `{"Streams": [{"StreamName", "KeyIds"}]}` */
function readStreams(event: unknown): RotationRequest[] {
  const { Streams } = (event ?? {}) as { Streams?: unknown };
  if (!Array.isArray(Streams)) {
    throw new RotationError(
      'InvalidRequest',
      `Streams ${quote(Streams)} is not a list of streams, each with StreamName and KeyIds`,
    );
  }
  return Streams.map((stream: Partial<RotationRequest> | null) =>
    parseRequest({ StreamName: stream?.StreamName, KeyIds: stream?.KeyIds }),
  );
}

async function look(
  stream: Awaited<ReturnType<typeof describeStream>>,
  KeyIds: string[] | undefined,
  { kms, ledger }: Dependencies,
  now: number,
): Promise<DriftFinding & { QuotaUsed: number }> {
  const { StreamARN } = stream;
  const entry = await ledger.read(StreamARN);
  const { Keys, Current } = await lookUpKeys(kms, { KeyIds }, stream, entry);
  return {
    ...detectDrift(Keys, Current, readStreamArn(StreamARN).region),
    QuotaUsed: usage(entry, now).Used,
  };
}

export const handler = createSweepDrift({
  kinesis: kinesisClient({ maxAttempts: 1 }),
  kms: kmsClient(),
  ledger: ledgerReader(),
  now: Date.now,
});
