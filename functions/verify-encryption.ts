import { randomUUID } from 'node:crypto';
import { type KinesisClient, PutRecordCommand } from '@aws-sdk/client-kinesis';
import { nameError } from '../shared/errors/aws-errors.ts';
import { RotationError } from '../shared/errors/errors.ts';
import { quote } from '../shared/errors/text.ts';
import { kinesisClient } from '../shared/lambda/clients.ts';
import { taskHandler } from '../shared/lambda/handler.ts';
import { logger } from '../shared/lambda/logger.ts';
import type {
  PlannedState,
  VerificationResult,
} from '../shared/rotation/state.ts';

interface Dependencies {
  kinesis: KinesisClient;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/**
 * Writes the probe and checks that Kinesis encrypted it. The default probe
 * takes a new partition key every time, so one hot shard cannot fail every try.
 *
 * @throws RecordNotEncrypted, and what PutRecord refuses
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecord.html
 */
export function createVerifyEncryption({ kinesis, now }: Dependencies) {
  return taskHandler(
    async (state: PlannedState): Promise<VerificationResult> => {
      const { StreamARN, StreamName, RotationId, Probe } = state.Plan;
      logger.appendKeys({ RotationId });
      const probe = Probe
        ? {
            PartitionKey: Probe.PartitionKey,
            Data: Buffer.from(Probe.Data, 'base64'),
          }
        : {
            PartitionKey: `kinesis-key-rotation-${randomUUID()}`,
            Data: Buffer.from(JSON.stringify({ Probe: RotationId })),
          };
      const answer = await kinesis
        .send(new PutRecordCommand({ StreamARN, ...probe }))
        .catch((error: unknown) => {
          throw nameError(
            error,
            `PutRecord to StreamName ${quote(StreamName)}`,
          );
        });
      const { ShardId, SequenceNumber, EncryptionType } = answer;
      if (ShardId === undefined || SequenceNumber === undefined) {
        throw new Error(`PutRecord to ${StreamName} answered without a record`);
      }
      if (EncryptionType !== 'KMS') {
        throw new RotationError(
          'RecordNotEncrypted',
          `StreamName ${quote(StreamName)} is ACTIVE under ${state.Plan.KeyId}, and Kinesis answered EncryptionType ${EncryptionType ?? 'NONE'} to record ${SequenceNumber} of ${ShardId}; look at the stream before you rely on its encryption`,
        );
      }
      logger.info('Probe encrypted', { ShardId, SequenceNumber });
      return {
        ShardId,
        SequenceNumber,
        EncryptionType,
        VerifiedAt: new Date(now()).toISOString(),
      };
    },
    now,
  );
}

export const handler = createVerifyEncryption({
  kinesis: kinesisClient(),
  now: Date.now,
});
