import { once } from 'node:events';
import { localStateMachine } from '../../local/runner/rotation.ts';
import { DUMMY_CREDENTIALS } from '../../local/session/credentials.ts';
import { ALL_SERVICES } from '../../local/session/endpoints.ts';
import { openLocalAws } from '../../local/session/local-aws.ts';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';
import { waitingForClients } from '../environment/waiting-for-clients.ts';
import type { Interruption } from '../interruption.ts';

export interface LocalOptions {
  kinesisPort: number;
  dynamodbPort: number;
  kmsPort: number;
  sfnPort: number;
}

/** Keeps the embedded AWS up until it is interrupted. */
export async function local(
  options: LocalOptions,
  rotations: () => Promise<RotationsStream[]>,
  interruption: Interruption,
): Promise<number> {
  const entries = await rotations();
  const { signal } = interruption;
  const aws = await openLocalAws(entries, {
    signal,
    ports: {
      KINESIS: options.kinesisPort,
      DYNAMODB: options.dynamodbPort,
      KMS: options.kmsPort,
      SFN: options.sfnPort,
    },
  });
  const { env } = process;
  const exports = {
    ...Object.fromEntries(
      ALL_SERVICES.map((service) => [
        `AWS_ENDPOINT_URL_${service}`,
        aws.endpoints[service],
      ]).filter(([, url]) => url !== undefined),
    ),
    AWS_REGION: aws.region,
    // The AWS CLI 1 knows no AWS_REGION.
    AWS_DEFAULT_REGION: aws.region,
    ...(env.AWS_ACCESS_KEY_ID === DUMMY_CREDENTIALS.AWS_ACCESS_KEY_ID &&
      DUMMY_CREDENTIALS),
  };
  for (const [name, value] of Object.entries(exports)) {
    process.stdout.write(`export ${name}=${value}\n`);
  }
  const names = entries.map((entry) => entry.StreamName).join(', ');
  if (aws.isClient) {
    process.stderr.write('It was running already, on these ports.\n');
  }
  if (aws.endpoints.SFN !== undefined) {
    for (const name of ['rotate-stream', 'rotate-fleet'] as const) {
      const arn = localStateMachine(aws.region, name);
      process.stderr.write(`State machine ${arn}\n`);
    }
  }
  process.stderr.write(
    `The embedded AWS is up with ${names}. Ctrl-C ends it.\n`,
  );
  const alive = setInterval(() => {}, 60_000);
  if (!signal.aborted) await once(signal, 'abort');
  clearInterval(alive);
  process.stderr.write(`${signal.reason}: stopping\n`);
  await aws.close({
    now: interruption.forceQuit,
    onClients: (count) => {
      process.stderr.write(`${waitingForClients(count)}\n`);
    },
  });
  return interruption.exitCode() ?? 0;
}
