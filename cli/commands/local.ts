import { once } from 'node:events';
import { localStateMachine } from '../../local/runner/rotation.ts';
import { DUMMY_CREDENTIALS } from '../../local/session/credentials.ts';
import { ALL_SERVICES } from '../../local/session/endpoints.ts';
import {
  type LocalAws,
  readLocalSettings,
} from '../../local/session/local-aws.ts';
import type { CommandContext } from '../environment/context.ts';
import { folderText, withEmbeddedAws } from '../environment/embedded-aws.ts';

export interface LocalOptions {
  kinesisPort: number;
  dynamodbPort: number;
  kmsPort: number;
  cloudwatchPort: number;
  sfnPort: number;
}

const say = (line: string) => void process.stderr.write(`${line}\n`);

/** Keeps the embedded AWS up until it is interrupted. */
export async function local(
  options: LocalOptions,
  context: CommandContext,
): Promise<number> {
  const { signal, exitCode } = context.interruption;
  const streams = await context.rotations();
  const ports = {
    KINESIS: options.kinesisPort,
    DYNAMODB: options.dynamodbPort,
    KMS: options.kmsPort,
    CLOUDWATCH: options.cloudwatchPort,
    SFN: options.sfnPort,
  };
  const work = async (aws: LocalAws) => {
    printExports(aws);
    if (aws.isClient) say('It was running already, on these ports.');
    if (aws.endpoints.SFN !== undefined) {
      for (const name of ['rotate-stream', 'rotate-fleet'] as const) {
        say(
          `State machine ${localStateMachine(aws.region, name, aws.account)}`,
        );
      }
    }
    const names = streams.map(({ StreamName }) => StreamName).join(', ');
    const { directory } = readLocalSettings(process.env);
    say(
      `The embedded AWS of ${folderText(directory)} is up with ${names}. Ctrl-C ends it.`,
    );
    const alive = setInterval(() => {}, 60_000);
    if (!signal.aborted) await once(signal, 'abort');
    clearInterval(alive);
    say(`${signal.reason}: stopping`);
  };
  await withEmbeddedAws(context, say, work, ports);
  return exitCode() ?? 0;
}

/** Prints the variables by which the SDK and the AWS CLI find the services. */
function printExports({ endpoints, region }: LocalAws): void {
  const isDummy =
    process.env.AWS_ACCESS_KEY_ID === DUMMY_CREDENTIALS.AWS_ACCESS_KEY_ID;
  const exports = {
    ...Object.fromEntries(
      ALL_SERVICES.map((service) => [
        `AWS_ENDPOINT_URL_${service}`,
        endpoints[service],
      ]).filter(([, url]) => url !== undefined),
    ),
    AWS_REGION: region,
    // Version 1 of the AWS CLI does not know AWS_REGION.
    AWS_DEFAULT_REGION: region,
    ...(isDummy && DUMMY_CREDENTIALS),
  };
  for (const [name, value] of Object.entries(exports)) {
    process.stdout.write(`export ${name}=${value}\n`);
  }
}
