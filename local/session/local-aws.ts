import { join } from 'node:path';
import { paginateScan } from '@aws-sdk/client-dynamodb';
import { ListStreamsCommand } from '@aws-sdk/client-kinesis';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { sweptStreams } from '../../shared/config/swept-streams.ts';
import { SettingError } from '../../shared/errors/errors.ts';
import { readStreamArn } from '../../shared/identifiers/arn.ts';
import {
  dynamoDbClient,
  kinesisClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import type { LedgerEntry } from '../../shared/ledger/entry.ts';
import { LEDGER_RECORD } from '../../shared/ledger/ledger-reader.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import { runFleet } from '../runner/fleet.ts';
import { loadHandlers } from '../runner/handlers.ts';
import {
  localExecutions,
  runRotation,
  settleFromOutside,
} from '../runner/rotation.ts';
import {
  readStateMachine,
  type TaskHandlers,
} from '../runner/state-machine.ts';
import type { StateMachines } from '../services/step-functions/executions.ts';
import { setCredentials } from './credentials.ts';
import { type EmbeddedAwsOptions, LOCAL_ACCOUNT } from './embedded-aws.ts';
import {
  ALL_SERVICES,
  type Endpoints,
  externalEndpoints,
  SERVICES,
  type Service,
} from './endpoints.ts';
import { ensureLedgerTable } from './ledger-table.ts';
import { openSession, type Session } from './session.ts';
import { untilAborted } from './until-aborted.ts';

/** Nothing that runs locally may ever reach AWS by accident. */
const NO_WAY_TO_AWS = {
  EVENT_BUS_NAME: '',
  TOPIC_ARN: '',
  FAILURE_TOPIC_ARN: '',
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'false',
  AWS_USE_FIPS_ENDPOINT: 'false',
  AWS_USE_DUALSTACK_ENDPOINT: 'false',
};

export interface OpenOptions {
  /** For others, who need Step Functions too. */
  ports?: Partial<Record<Service, number>>;
  /** Ends the wait for another process's embedded AWS. */
  signal?: AbortSignal;
}

export interface LocalAws {
  region: string;
  /** Of the streams, of 12 digits. */
  account: string;
  /** Whether it was running already, in another process. */
  isClient: boolean;
  endpoints: Endpoints;
  /** The deployed functions, connected to the endpoints. */
  handlers: TaskHandlers;
  close: Session['close'];
}

/**
 * What the variables say of the embedded AWS: `LOCAL_DIR` (its folder, .local),
 * `LOCAL_UPDATE_SECONDS` (2), `AWS_REGION` (us-east-1), `AWS_ENDPOINT_URL*`.
 *
 * @throws {SettingError}
 */
export function readLocalSettings(env: NodeJS.ProcessEnv) {
  const external = externalEndpoints(env);
  return {
    directory: env.LOCAL_DIR || join(process.cwd(), '.local'),
    region: env.AWS_REGION || 'us-east-1',
    updateSeconds: updateSeconds(env.LOCAL_UPDATE_SECONDS),
    external,
    /** Whether nothing is embedded. */
    isAllExternal: SERVICES.every((service) => service in external),
  };
}

/**
 * Makes this process ready to run rotations: joins or starts the embedded AWS
 * for the services that no `AWS_ENDPOINT_URL*` names, and sets the variables
 * by which the SDK, and so the functions, find all of them.
 *
 * @throws {SettingError} and PortInUseError
 */
export async function openLocalAws(
  rotations: readonly RotationsStream[],
  { ports, signal }: OpenOptions = {},
): Promise<LocalAws> {
  const settings = readLocalSettings(process.env);
  Object.assign(process.env, NO_WAY_TO_AWS);
  const { external, region } = settings;
  const connected = Promise.withResolvers<TaskHandlers>();
  await setCredentials(Object.keys(external).length === 0);
  const account = external.KINESIS
    ? await accountAt(external.KINESIS, region, signal)
    : LOCAL_ACCOUNT;
  const options: EmbeddedAwsOptions = {
    ...settings,
    account,
    rotations,
    ports,
    stateMachines: stateMachines(connected.promise),
  };
  const isNeeded = (ports ? ALL_SERVICES : SERVICES).some(
    (service) => external[service] === undefined,
  );
  const session = isNeeded ? await openSession(options, signal) : undefined;
  try {
    const endpoints = allEndpoints({ ...session?.endpoints, ...external });
    setEnvironment(region, endpoints);
    const ensured = ensureLedgerTable(ledgerTableName());
    // Another DynamoDB may never answer.
    await untilAborted(external.DYNAMODB ? signal : undefined, ensured);
    // As packaging puts them into the bundle of SweepDrift.
    const SWEPT_STREAMS = JSON.stringify(sweptStreams(rotations));
    Object.assign(globalThis, { SWEPT_STREAMS });
    const handlers = await loadHandlers();
    if (session?.isOwner && external.DYNAMODB === undefined) {
      await settleLeftovers(handlers, region, account);
    }
    connected.resolve(handlers);
    return {
      region,
      account,
      isClient: session?.isOwner === false,
      endpoints,
      handlers,
      close: async (how) => session?.close(how),
    };
  } catch (error) {
    connected.promise.catch(() => {});
    connected.reject(error);
    await session?.close({ now: AbortSignal.abort() });
    throw error;
  }
}

/** @param handlers there when the functions are connected to the services */
function stateMachines(handlers: Promise<TaskHandlers>): StateMachines {
  return {
    'rotate-stream': {
      definition: () => readStateMachine('rotate-stream'),
      handlers,
      run: runRotation,
    },
    'rotate-fleet': {
      definition: () => readStateMachine('rotate-fleet'),
      handlers,
      run: ({ request, ...options }) =>
        runFleet({ ...options, input: request }),
    },
  };
}

function updateSeconds(text: string | undefined): number {
  const seconds = Number(text || 2);
  if (!(seconds >= 0 && seconds <= 86_400)) {
    throw new SettingError(
      `LOCAL_UPDATE_SECONDS "${text}" is not a number of seconds from 0 to 86400`,
    );
  }
  return seconds;
}

/** @throws {SettingError} for a service that the owner has elsewhere */
function allEndpoints(endpoints: Partial<Endpoints>): Endpoints {
  const missing = SERVICES.find((service) => endpoints[service] === undefined);
  if (missing === undefined) return endpoints as Endpoints;
  const variable = `AWS_ENDPOINT_URL_${missing}`;
  throw new SettingError(
    `The embedded AWS of this folder was started with ${variable}, so it has no ${missing}; set ${variable} here too, or LOCAL_DIR to another folder`,
  );
}

function setEnvironment(region: string, endpoints: Endpoints): void {
  const { env } = process;
  env.AWS_REGION = region;
  for (const service of SERVICES) {
    env[`AWS_ENDPOINT_URL_${service}`] = endpoints[service];
  }
  // The functions' logs and metrics go to stdout, which belongs to the outcome here.
  env.POWERTOOLS_LOG_LEVEL = 'SILENT';
  env.POWERTOOLS_METRICS_DISABLED = 'true';
}

/**
 * The account of the streams at an endpoint: an emulator has one of its own. That of
 * the embedded AWS where the endpoint has no stream, or does not answer.
 */
async function accountAt(
  endpoint: string,
  region: string,
  abortSignal: AbortSignal | undefined,
): Promise<string> {
  const kinesis = kinesisClient({ endpoint, region, maxAttempts: 1 });
  try {
    const { StreamNames } = await kinesis.send(
      new ListStreamsCommand({ Limit: 1 }),
      { abortSignal },
    );
    const [StreamName] = StreamNames ?? [];
    if (StreamName === undefined) return LOCAL_ACCOUNT;
    const { StreamARN } = await describeStream(kinesis, { StreamName });
    return readStreamArn(StreamARN).account;
  } catch {
    return LOCAL_ACCOUNT;
  } finally {
    kinesis.destroy();
  }
}

/**
 * Settles the rotations that a killed process left behind. None can be running
 * yet when the embedded AWS has just been started.
 */
async function settleLeftovers(
  handlers: TaskHandlers,
  region: string,
  account: string,
): Promise<void> {
  const client = dynamoDbClient();
  const executions = localExecutions(region, 'rotate-stream', account);
  const pages = paginateScan(
    { client },
    {
      TableName: ledgerTableName(),
      FilterExpression: '#record = :ledger AND attribute_exists(Lease)',
      ExpressionAttributeNames: { '#record': 'Record' },
      ExpressionAttributeValues: { ':ledger': { S: LEDGER_RECORD } },
    },
  );
  for await (const { Items = [] } of pages) {
    for (const item of Items) {
      const { StreamARN, Lease } = unmarshall(item) as LedgerEntry;
      if (!Lease?.RotationId.startsWith(executions)) continue;
      await settleFromOutside(handlers, {
        RotationId: Lease.RotationId,
        StartedAt: Lease.StartedAt,
        Request: { StreamARN },
        Status: 'ABORTED',
        Error: 'ExecutionAborted',
        Cause: 'The process that ran the rotation was killed',
      });
    }
  }
  client.destroy();
}
