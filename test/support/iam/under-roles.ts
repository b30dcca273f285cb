import { AsyncLocalStorage } from 'node:async_hooks';
import {
  DescribeStreamSummaryCommand,
  KinesisClient,
  KinesisServiceException,
} from '@aws-sdk/client-kinesis';
import {
  DescribeKeyCommand,
  KMSClient,
  ListAliasesCommand,
} from '@aws-sdk/client-kms';
import { vi } from 'vitest';
import type { TaskHandlers } from '../../../local/runner/state-machine.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import { kinesisClient } from '../../../shared/lambda/clients.ts';
import type { RightsSettings } from '../../../stack/organization/rights.ts';
import { type Call, isAllowed } from './authorize.ts';
import { rolePolicies } from './role-policies.ts';

const STREAM = 'arn:aws:kinesis:us-east-1:000000000000:stream/';
const TABLE = 'arn:aws:dynamodb:us-east-1:000000000000:table/';
const ALARM = 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:';
const EVENT_BUS = 'arn:aws:events:us-east-1:000000000000:event-bus/default';
/** The key of a deployment that names it by its ID. */
const DEPLOYMENT_KEY = 'arn:aws:kms:us-east-1:000000000000:key/';
const VIA_DYNAMODB = 'dynamodb.us-east-1.amazonaws.com';
const VIA_KINESIS = 'kinesis.us-east-1.amazonaws.com';
/** The key that Kinesis owns: no right of the caller is needed. */
const OWNED_BY_KINESIS = 'alias/aws/kinesis';

function at(url: string | undefined): { endpoint?: string } {
  return url ? { endpoint: url } : {};
}

interface Command {
  input: {
    StreamARN?: string;
    StreamName?: string;
    KeyId?: string;
    TableName?: string;
    AlarmNames?: string[];
    stateMachineArn?: string;
    Entries?: { Source?: string; EventBusName?: string }[];
  };
}

export interface Authorizer {
  /** The same functions, each under its role. */
  authorized: (handlers: TaskHandlers) => TaskHandlers;
  /** What another principal does while a function runs. */
  elsewhere: <T>(task: () => T) => T;
  /** Every call that a role was asked for, with its answer. */
  calls: (Call & { allowed: boolean })[];
  /** Policies of keys, by key ARN; the default one for the others. */
  keyPolicies: Map<string, object>;
  close: () => void;
}

/**
 * Has every AWS call of a function authorized as its packaged role would be, and
 * Kinesis's own calls of KMS on its behalf, before it goes to the emulator. Calls
 * outside a function are not.
 *
 * @param entries the streams of rotations.yml for which the roles are made
 * @param endpoints where it looks itself: those of the variables, unless a proxy is
 *   between
 * @param toListed the name of the listed stream that represents another one
 * @param settings of the deployment; with a KmsKeyId, the ledger is under that key
 */
export function underRoles(
  entries: readonly RotationsStream[],
  endpoints: { KINESIS?: string; KMS?: string } = {
    KINESIS: process.env.AWS_ENDPOINT_URL_KINESIS ?? '',
    KMS: process.env.AWS_ENDPOINT_URL_KMS ?? '',
  },
  toListed: (text: string) => string = (text) => text,
  settings: RightsSettings = {},
): Authorizer {
  const policies = rolePolicies(entries, settings);
  const current = new AsyncLocalStorage<string>();
  const calls: Authorizer['calls'] = [];
  const keyPolicies = new Map<string, object>();
  // A proxy that a test puts before them later must not count these calls.
  const kms = new KMSClient(at(endpoints.KMS));
  const kinesis = kinesisClient(at(endpoints.KINESIS));
  // The class from which every client of the SDK inherits.
  const base = Object.getPrototypeOf(KinesisClient.prototype);
  const send = base.send;

  // The policies of the roles never change, and those of keys are in the call.
  const known = new Map<string, Promise<boolean>>();
  const ask = async (call: Call, denial: string) => {
    const question = toListed(JSON.stringify(call));
    const answer =
      known.get(question) ??
      isAllowed(JSON.parse(question), policies.get(call.role) ?? []);
    known.set(question, answer);
    const allowed = await answer;
    calls.push({ ...call, allowed });
    if (allowed) return;
    throw new KinesisServiceException({
      name: denial,
      $fault: 'client',
      $metadata: { httpStatusCode: 400 },
      message: `${call.role} is not authorized to perform: ${call.action} on resource: ${call.resource}`,
    });
  };
  const keyOf = async (keyId: string) => {
    const { KeyMetadata } = await kms
      .send(new DescribeKeyCommand({ KeyId: keyId }))
      .catch(() => ({ KeyMetadata: undefined }));
    return KeyMetadata?.Arn;
  };
  const askForKey = async (call: Omit<Call, 'keyPolicy'>, denial: string) => {
    const { Aliases = [] } = await kms.send(
      new ListAliasesCommand({ KeyId: call.resource }),
    );
    const context = {
      ...call.context,
      'kms:ResourceAliases': Aliases.map(({ AliasName = '' }) => AliasName),
    };
    const keyPolicy = keyPolicies.get(call.resource);
    await ask({ ...call, context, keyPolicy }, denial);
  };
  const authorize = async (role: string, command: Command) => {
    const { input } = command;
    const operation = command.constructor.name.replace(/Command$/, '');
    const resource = input.StreamARN ?? `${STREAM}${input.StreamName}`;
    switch (operation) {
      case 'GetItem':
      case 'PutItem':
      case 'Query':
        await ask(
          {
            role,
            action: `dynamodb:${operation}`,
            resource: `${TABLE}${input.TableName}`,
          },
          'AccessDeniedException',
        );
        if (settings.KmsKeyId === undefined) return;
        return ask(
          {
            role,
            action: 'kms:Decrypt',
            resource: `${DEPLOYMENT_KEY}${settings.KmsKeyId}`,
            context: { 'kms:ViaService': VIA_DYNAMODB },
          },
          'AccessDeniedException',
        );
      case 'StartExecution':
        return ask(
          {
            role,
            action: 'states:StartExecution',
            resource: input.stateMachineArn ?? '',
          },
          'AccessDeniedException',
        );
      case 'DescribeKey': {
        const key = await keyOf(input.KeyId ?? '');
        if (key === undefined) return;
        const call = { role, action: 'kms:DescribeKey', resource: key };
        return askForKey(call, 'AccessDeniedException');
      }
      case 'StartStreamEncryption': {
        const action = 'kinesis:StartStreamEncryption';
        await ask({ role, action, resource }, 'AccessDeniedException');
        const key = await keyOf(input.KeyId ?? '');
        if (key === undefined) return;
        return ask({ role, action, resource: key }, 'AccessDeniedException');
      }
      case 'PutRecord': {
        const action = 'kinesis:PutRecord';
        await ask({ role, action, resource }, 'AccessDeniedException');
        const { StreamDescriptionSummary: stream } = await kinesis
          .send(new DescribeStreamSummaryCommand({ StreamARN: resource }))
          .catch(() => ({ StreamDescriptionSummary: undefined }));
        const { KeyId = OWNED_BY_KINESIS } = stream ?? {};
        const key = KeyId === OWNED_BY_KINESIS ? undefined : await keyOf(KeyId);
        if (key === undefined) return;
        return askForKey(
          {
            role,
            action: 'kms:GenerateDataKey',
            resource: key,
            context: {
              'kms:ViaService': VIA_KINESIS,
              'kms:EncryptionContext:aws:kinesis:arn': resource,
            },
          },
          'KMSAccessDeniedException',
        );
      }
      case 'DescribeAlarms': {
        for (const name of input.AlarmNames ?? []) {
          await ask(
            {
              role,
              action: 'cloudwatch:DescribeAlarms',
              resource: `${ALARM}${name}`,
            },
            'AccessDeniedException',
          );
        }
        return;
      }
      case 'PutEvents': {
        const [{ Source = '' } = {}] = input.Entries ?? [];
        return ask(
          {
            role,
            action: 'events:PutEvents',
            resource: EVENT_BUS,
            context: { 'events:source': Source },
          },
          'AccessDeniedException',
        );
      }
      case 'DescribeStreamSummary':
        return ask(
          { role, action: 'kinesis:DescribeStreamSummary', resource },
          'AccessDeniedException',
        );
      default:
        throw new Error(`${role} calls ${operation}, which is not judged here`);
    }
  };

  const spy = vi.spyOn(base, 'send').mockImplementation(async function (
    this: object,
    ...args: unknown[]
  ) {
    const role = current.getStore();
    if (role !== undefined) {
      await current.exit(() => authorize(role, args[0] as Command));
    }
    return send.apply(this, args);
  });
  return {
    authorized: (handlers) =>
      Object.fromEntries(
        Object.entries(handlers).map(([name, handler]) => [
          name,
          (event, context) => current.run(name, () => handler(event, context)),
        ]),
      ),
    elsewhere: (task) => current.exit(task),
    calls,
    keyPolicies,
    close: () => {
      spy.mockRestore();
      kms.destroy();
      kinesis.destroy();
    },
  };
}
