import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { toStreamArn } from '../../shared/identifiers/arn.ts';
import { parseKeyId } from '../../shared/identifiers/key-id.ts';
import {
  dynamoDbClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import { activeLease } from '../../shared/ledger/entry.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { lookUpKeys } from '../../shared/lookup/describe-keys.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import { listStreams } from '../../shared/lookup/list-streams.ts';
import {
  DESCRIPTIONS_PER_SECOND,
  describeStreams,
  knownArn,
  refusalText,
  resolveKey,
  resolveShownKeys,
  shownKey,
  throttled,
} from '../discovery/account-streams.ts';
import {
  type AccountClients,
  withAccountClients,
} from '../environment/account.ts';
import type { Environment } from '../environment/environment.ts';
import { withReadProgress } from '../report/gather-progress.ts';
import { type AwayDecision, decideAway } from './decide.ts';

/** A stream, and why it is where it is, for people. */
interface Listed {
  StreamName: string;
  Reason: string;
}

/** What it takes to leave a key. */
export interface AwayPlan {
  AwayFrom: {
    /** As given. */
    KeyId: string;
    KeyArn: string;
    /** Null where KMS does not describe the key. */
    KeyState: string | null;
    /** Why KMS does not describe it. */
    Unknown?: string;
  };
  /** Managed streams under the key, each with the key of its ring that it moves to. */
  Moves: { StreamName: string; KeyId: string; KeyArn: string }[];
  /** Managed streams under the key whose ring has no other usable key. */
  NoOtherKey: Listed[];
  /** Managed streams of which the present key is unknown. */
  Unknown: Listed[];
  NotUnderIt: Listed[];
  /** Managed streams whose ring has the key. */
  RingsWithIt: string[];
  /** Streams under the key that rotations.yml does not list; they do not move. */
  NotManaged: { StreamName: string; KeyId: string }[];
  /** Those of which the key is unknown; without a name, all of them. */
  NotManagedUnknown: { StreamName?: string; Reason: string }[];
}

/** Whether streams stay under the key, or may. */
export function isIncomplete({ NoOtherKey, Unknown }: AwayPlan): boolean {
  return NoOtherKey.length + Unknown.length > 0;
}

/**
 * Looks at every stream of rotations.yml, and at the others of the account, for those
 * that are under a key. Changes nothing.
 *
 * @param keyId in any of the five forms
 * @throws {RotationError} InvalidRequest for a key that is unknown, or in another
 *   Region, and what kms:DescribeKey refuses for a key that is not given by its ARN
 */
export function lookAway(
  keyId: string,
  streams: readonly RotationsStream[],
  environment: Environment,
  signal: AbortSignal,
): Promise<AwayPlan> {
  return withAccountClients(async (clients) => {
    const AwayFrom = await resolveAwayFrom(keyId, clients, environment);
    const { KeyArn } = AwayFrom;
    const dynamodb = dynamoDbClient();
    try {
      const looked = await withReadProgress(
        streams.length,
        'of rotations.yml',
        signal,
        (onStream) => {
          const look = throttled(async (stream: RotationsStream) => {
            const seen = await lookAt(stream, KeyArn, {
              ...clients,
              dynamodb,
              environment,
            });
            onStream();
            return seen;
          }, DESCRIPTIONS_PER_SECOND);
          return Promise.all(streams.map(look));
        },
      );
      return {
        AwayFrom,
        ...sorted(looked),
        ...(await lookAtOthers(KeyArn, streams, clients)),
      };
    } finally {
      dynamodb.destroy();
    }
  });
}

/** A key that is given by its ARN is known without KMS, as after its deletion. */
async function resolveAwayFrom(
  KeyId: string,
  { kms }: AccountClients,
  { region }: Environment,
): Promise<AwayPlan['AwayFrom']> {
  const keyRegion = parseKeyId(KeyId)?.region;
  if (keyRegion !== undefined && keyRegion !== region) {
    throw new RotationError(
      'InvalidRequest',
      `--away-from ${quote(KeyId)} is in Region ${keyRegion}, and the streams are in ${region}; give the key of that Region`,
    );
  }
  const key = await resolveKey(kms, KeyId, region);
  const KeyArn = knownArn(key);
  if (KeyArn === undefined) {
    const { Refusal } = key;
    if (Refusal === undefined) throw new Error(`KMS describes no ${KeyId}`);
    if (Refusal.name !== 'NotFoundException') throw Refusal;
    throw new RotationError(
      'InvalidRequest',
      `--away-from ${quote(KeyId)} is unknown to KMS in ${region}: ${Refusal.message}. A deleted key is known by its key ARN`,
    );
  }
  return {
    KeyId,
    KeyArn,
    KeyState: key.Metadata?.KeyState ?? null,
    ...(key.Refusal && { Unknown: refusalText(key) }),
  };
}

type Look = AwayDecision & { StreamName: string; isInRing: boolean };

interface LookClients extends AccountClients {
  dynamodb: DynamoDBClient;
  environment: Environment;
}

/** Reads the ledger before the stream, as PlanRotation does. */
async function lookAt(
  { StreamName, KeyIds }: RotationsStream,
  keyArn: string,
  { kinesis, kms, dynamodb, region, environment }: LookClients,
): Promise<Look> {
  const ledger = new LedgerReader(dynamodb, ledgerTableName());
  const entry = await ledger.read(toStreamArn(environment, StreamName));
  try {
    const stream = await describeStream(kinesis, { StreamName });
    const { StreamStatus } = stream;
    const { Keys, Current, Former } = await lookUpKeys(
      kms,
      { KeyIds },
      stream,
      entry,
    );
    // A key of another account may be denied, and its ARN says which key it is.
    const shown =
      Current.KeyId === null ? undefined : knownArn({ KeyId: Current.KeyId });
    const KeyArn = Current.KeyArn ?? shown ?? null;
    const decision = decideAway(keyArn, {
      StreamStatus,
      Current: { ...Current, KeyArn },
      Refusal: Former?.Refusal,
      Lease: activeLease(entry, Date.now()),
      Keys,
      region,
    });
    const isInRing = Keys.some((key) => knownArn(key) === keyArn);
    return { StreamName, isInRing, ...decision };
  } catch (error) {
    const { name, message } = error as Error;
    const isMissing = name === 'ResourceNotFoundException';
    return {
      StreamName,
      isInRing: false,
      ...(isMissing
        ? { Status: 'NOT_UNDER_IT', Reason: 'does not exist' }
        : { Status: 'UNKNOWN', Reason: `${name}: ${message}` }),
    };
  }
}

function sorted(looks: readonly Look[]) {
  const listed = (status: Look['Status']): Listed[] =>
    looks.flatMap((look) =>
      look.Status === status && 'Reason' in look
        ? [{ StreamName: look.StreamName, Reason: look.Reason }]
        : [],
    );
  return {
    Moves: looks.flatMap((look) =>
      look.Status === 'MOVE'
        ? [
            {
              StreamName: look.StreamName,
              KeyId: look.KeyId,
              KeyArn: look.KeyArn,
            },
          ]
        : [],
    ),
    NoOtherKey: listed('NO_OTHER_KEY'),
    Unknown: listed('UNKNOWN'),
    NotUnderIt: listed('NOT_UNDER_IT'),
    RingsWithIt: looks.flatMap(({ StreamName, isInRing }) =>
      isInRing ? [StreamName] : [],
    ),
  };
}

/** A stream of the account that is not managed is never moved, only named. */
async function lookAtOthers(
  keyArn: string,
  streams: readonly RotationsStream[],
  { kinesis, kms, region }: AccountClients,
): Promise<Pick<AwayPlan, 'NotManaged' | 'NotManagedUnknown'>> {
  const managed = new Set(streams.map(({ StreamName }) => StreamName));
  try {
    const listed = await listStreams(kinesis, throttled);
    const found = await describeStreams(
      kinesis,
      listed.filter(({ StreamName }) => !managed.has(StreamName)),
      throttled,
    );
    const keys = await resolveShownKeys(kms, found, region);
    const NotManaged: AwayPlan['NotManaged'] = [];
    const NotManagedUnknown: AwayPlan['NotManagedUnknown'] = [];
    for (const stream of found) {
      const { StreamName, description } = stream;
      const KeyId = shownKey(stream);
      const key = KeyId === undefined ? undefined : keys.get(KeyId);
      if ('Error' in description) {
        const Reason = `${description.Error}: ${description.Cause}`;
        NotManagedUnknown.push({ StreamName, Reason });
      } else if (key !== undefined && knownArn(key) === undefined) {
        NotManagedUnknown.push({ StreamName, Reason: refusalText(key) });
      } else if (key !== undefined && knownArn(key) === keyArn) {
        NotManaged.push({ StreamName, KeyId: key.KeyId });
      }
    }
    return { NotManaged, NotManagedUnknown };
  } catch (error) {
    const { name, message } = error as Error;
    const Reason = `${name}: ${message}`;
    return { NotManaged: [], NotManagedUnknown: [{ Reason }] };
  }
}
