import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import {
  dynamoDbClient,
  kinesisClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import { nameLedgerError } from '../../shared/ledger/ledger-reader.ts';
import { describeStream } from '../../shared/lookup/describe-stream.ts';
import {
  type ChosenStream,
  chooseStreams,
  isOneStream,
  type StreamOptions,
} from '../input/streams.ts';
import type { CommandContext } from './context.ts';
import type { Environment } from './environment.ts';

/**
 * The stream that flags name, or else all of rotations.yml. A named one is as Kinesis
 * has it: only an emulator has it in another account than it was looked for in. One that
 * was deleted is found where rotations.yml or the ledger still knows it.
 *
 * @throws {RotationError} InvalidRequest for a stream that none of them knows, and
 *   what Kinesis and DynamoDB refuse
 */
export async function locateStreams(
  options: StreamOptions,
  environment: Environment,
  context: Pick<CommandContext, 'rotations'>,
): Promise<ChosenStream[]> {
  const streams = await chooseStreams(options, environment, context);
  const [stream] = streams;
  if (!isOneStream(options) || stream === undefined) return streams;
  try {
    return [await describe(stream, options)];
  } catch (error) {
    const { name } = error as Error;
    if (name === 'InvalidRequest') throw error;
    // The ledger answers for a stream that Kinesis does not describe now.
    if (stream.Entry || (await isInLedger(stream))) return [stream];
    if (name !== 'ResourceNotFoundException') throw error;
    throw await unknownStream(stream, environment, context);
  }
}

async function describe(
  stream: ChosenStream,
  { streamArn }: StreamOptions,
): Promise<ChosenStream> {
  const kinesis = kinesisClient();
  try {
    const { StreamARN } = await describeStream(
      kinesis,
      streamArn ? { StreamARN: streamArn } : { StreamName: stream.StreamName },
    );
    return { ...stream, StreamARN };
  } finally {
    kinesis.destroy();
  }
}

/** Whether the ledger has an entry or a rotation of the stream. */
async function isInLedger({ StreamARN }: ChosenStream): Promise<boolean> {
  const dynamodb = dynamoDbClient();
  const TableName = ledgerTableName();
  try {
    const { Items = [] } = await dynamodb
      .send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'StreamARN = :stream',
          ExpressionAttributeValues: marshall({ ':stream': StreamARN }),
          Limit: 1,
        }),
      )
      .catch((error: unknown) => {
        throw nameLedgerError(error, TableName);
      });
    return Items.length > 0;
  } finally {
    dynamodb.destroy();
  }
}

async function unknownStream(
  { StreamName }: ChosenStream,
  { name, region }: Environment,
  { rotations }: Pick<CommandContext, 'rotations'>,
): Promise<RotationError> {
  const listed = await rotations().catch(() => []);
  const names = listed.map((entry) => entry.StreamName).join(', ');
  return new RotationError(
    'InvalidRequest',
    `StreamName ${quote(StreamName)} is unknown to Kinesis in ${region}, to rotations.yml and to the ledger of ${name}; ${names ? `rotations.yml lists ${names}` : 'aws kinesis list-streams lists the streams'}`,
  );
}
