import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  KinesisClient,
  type KinesisClientConfig,
} from '@aws-sdk/client-kinesis';
import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type {
  MetadataBearer,
  MiddlewareStack,
  ResponseMetadata,
} from '@smithy/types';
import { LedgerReader } from '../ledger/ledger-reader.ts';
import { QuotaLedger } from '../ledger/quota-ledger.ts';

/** How long one attempt of a call may take, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** Never behind a proxy, whatever NO_PROXY says: the embedded AWS and emulators. */
const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * A request that hangs must not hang its caller. HTTPS goes through the proxy of
 * `HTTPS_PROXY`, except to the hosts of `NO_PROXY` and to this machine.
 *
 * @see https://nodejs.org/api/http.html#built-in-proxy-support
 */
export const httpHandler = () =>
  new NodeHttpHandler({
    httpsAgent: { proxyEnv: proxyVariables(process.env) },
    connectionTimeout: 3_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    throwOnRequestTimeout: true,
  });

function proxyVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const excepted = [env.no_proxy || env.NO_PROXY, ...LOOPBACK];
  return {
    HTTPS_PROXY: env.https_proxy || env.HTTPS_PROXY,
    NO_PROXY: excepted.filter(Boolean).join(','),
  };
}

/** A call that has ended. It carries no input, no answer and no credentials. */
export interface EndedCall {
  /** As `KinesisClient`. */
  client: string | undefined;
  /** As `DescribeStreamSummaryCommand`. */
  command: string | undefined;
  /** With all its attempts and the waits between them. */
  ms: number;
  metadata: ResponseMetadata;
  error?: Error;
}

let observer: ((call: EndedCall) => void) | undefined;

/** Calls back after each call of the clients that {@link observed} makes from now on. */
export function observeCalls(callBack: (call: EndedCall) => void): void {
  observer = callBack;
}

/** Returns a client whose calls {@link observeCalls} sees. */
export function observed<
  Input extends object,
  Output extends MetadataBearer,
  Client extends { middlewareStack: MiddlewareStack<Input, Output> },
>(client: Client): Client {
  const callBack = observer;
  if (callBack === undefined) return client;
  client.middlewareStack.add(
    (next, { clientName, commandName }) =>
      async (args) => {
        const startedAt = performance.now();
        const end = (metadata: ResponseMetadata, error?: Error) =>
          callBack({
            client: clientName,
            command: commandName,
            ms: performance.now() - startedAt,
            metadata,
            ...(error && { error }),
          });
        try {
          const result = await next(args);
          end(result.output.$metadata);
          return result;
        } catch (error) {
          const { $metadata = {} } = error as Partial<MetadataBearer>;
          end($metadata, error as Error);
          throw error;
        }
      },
    { step: 'initialize', name: 'observeCalls', priority: 'high' },
  );
  return client;
}

/**
 * Kinesis over HTTP/1.1: what every endpoint and emulator speaks, while the
 * SDK's default for Kinesis is HTTP/2.
 */
export function kinesisClient(config: KinesisClientConfig = {}): KinesisClient {
  return observed(
    new KinesisClient({ ...config, requestHandler: httpHandler() }),
  );
}

export function kmsClient(config: KMSClientConfig = {}): KMSClient {
  return observed(new KMSClient({ ...config, requestHandler: httpHandler() }));
}

export function dynamoDbClient(): DynamoDBClient {
  return observed(new DynamoDBClient({ requestHandler: httpHandler() }));
}

export function cloudWatchClient(): CloudWatchClient {
  return observed(new CloudWatchClient({ requestHandler: httpHandler() }));
}

/** Undefined outside Lambda, where Step Functions does not run the rotations. */
export function sfnClient(): SFNClient | undefined {
  if (!process.env.AWS_LAMBDA_FUNCTION_NAME) return undefined;
  return observed(new SFNClient({ requestHandler: httpHandler() }));
}

export function eventBridgeClient(): EventBridgeClient {
  return observed(new EventBridgeClient({ requestHandler: httpHandler() }));
}

export function snsClient(): SNSClient {
  return observed(new SNSClient({ requestHandler: httpHandler() }));
}

/** The ledger's table: what `LEDGER_TABLE_NAME` names. */
export function ledgerTableName(): string {
  return process.env.LEDGER_TABLE_NAME || 'kinesis-key-rotation-ledger';
}

export function ledgerReader(): LedgerReader {
  return new LedgerReader(dynamoDbClient(), ledgerTableName());
}

export function quotaLedger(): QuotaLedger {
  return new QuotaLedger(dynamoDbClient(), ledgerTableName());
}
