import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEventBus } from '../../local/instruments/event-bus.ts';
import { startFaultProxy } from '../../local/instruments/fault-proxy.ts';
import { loadHandlers } from '../../local/runner/handlers.ts';
import { DUMMY_CREDENTIALS } from '../../local/session/credentials.ts';
import { startEmbeddedAws } from '../../local/session/embedded-aws.ts';
import { ensureLedgerTable } from '../../local/session/ledger-table.ts';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import {
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';

const REGION = 'us-east-1';

/** A stream with a ring of two keys. */
interface Ring extends RotationsStream {
  KeyIds: [string, string];
}

const ringOf = (StreamName: string): Ring => ({
  StreamName,
  KeyIds: [`alias/${StreamName}-a`, `alias/${StreamName}-b`],
});

/**
 * Starts an embedded AWS for this process, with an event bus as in a deployment,
 * and streams that each have a ring of two keys. Its Kinesis is behind a proxy
 * that can inject faults.
 */
export async function openMeasuredAws(
  updateSeconds: number,
  streamNames: readonly string[],
) {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'));
  const rings = streamNames.map(ringOf);
  const aws = await startEmbeddedAws({
    directory,
    region: REGION,
    updateSeconds,
    rotations: rings,
  });
  const bus = await startEventBus();
  const proxy = await startFaultProxy({ KINESIS: aws.endpoints.KINESIS });
  const before = { ...process.env };
  Object.assign(process.env, DUMMY_CREDENTIALS, {
    AWS_REGION: REGION,
    AWS_ENDPOINT_URL_KINESIS: proxy.endpoint,
    AWS_ENDPOINT_URL_DYNAMODB: aws.endpoints.DYNAMODB,
    AWS_ENDPOINT_URL_KMS: aws.endpoints.KMS,
    AWS_ENDPOINT_URL_EVENTBRIDGE: bus.endpoint,
    EVENT_BUS_NAME: 'default',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    POWERTOOLS_METRICS_DISABLED: 'true',
  });
  await ensureLedgerTable(ledgerTableName());
  const handlers = await loadHandlers();
  return {
    region: REGION,
    ring: (at: number): Ring => {
      const ring = rings[at];
      if (ring === undefined) throw new Error(`There is no stream ${at}`);
      return ring;
    },
    handlers,
    kinesis: kinesisClient(),
    kms: kmsClient(),
    proxy,
    close: async () => {
      await proxy.close();
      await bus.close();
      await aws.close();
      await rm(directory, { recursive: true });
      // Commands that are measured next must not look for it.
      process.env = before;
    },
  };
}
