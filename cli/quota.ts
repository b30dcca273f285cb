import {
  DescribeStreamSummaryCommand,
  type DescribeStreamSummaryInput,
} from '@aws-sdk/client-kinesis';
import { openLocalAws, readLocalSettings } from '../local/local-aws.ts';
import { namedError } from '../shared/aws-errors.ts';
import { kinesisClient, quotaLedger } from '../shared/clients.ts';
import { quote, RotationError } from '../shared/errors.ts';
import { parseStreamArn, STREAM_NAME } from '../shared/stream-identity.ts';
import type { RotationsEntry } from '../stack/rotations-file.ts';
import type { Interruption } from './interruption.ts';
import { quotaText } from './outcome-text.ts';
import { printable } from './printable.ts';
import { waitingForGuests } from './waiting-for-guests.ts';

export interface QuotaOptions {
  streamName?: string;
  streamArn?: string;
  output: 'json' | 'text';
}

/**
 * Prints how much of a stream's quota is used.
 *
 * @returns the exit code
 */
export async function quota(
  { streamName, streamArn, output }: QuotaOptions,
  rotations: () => Promise<RotationsEntry[]>,
  interruption: Interruption,
): Promise<number> {
  const stream = checked({ StreamName: streamName, StreamARN: streamArn });
  const { signal, insistence } = interruption;
  const { isAllExternal } = readLocalSettings(process.env);
  const entries = isAllExternal ? [] : await rotations();
  const aws = await openLocalAws(entries, { signal });
  const kinesis = kinesisClient();
  try {
    const { StreamDescriptionSummary } = await kinesis
      .send(new DescribeStreamSummaryCommand(stream))
      .catch((error: unknown) => {
        const [[field, value] = []] = Object.entries(stream);
        throw namedError(error, `${field} ${quote(value)}`);
      });
    const { StreamName, StreamARN = '' } = StreamDescriptionSummary ?? {};
    const Quota = await quotaLedger().usage(StreamARN);
    const text =
      output === 'json'
        ? JSON.stringify({ StreamName, StreamARN, Quota }, null, 4)
        : `${StreamName}: ${quotaText(Quota)}`;
    process.stdout.write(`${printable(text)}\n`);
    return 0;
  } finally {
    kinesis.destroy();
    await aws.close({
      now: insistence,
      onGuests: (count) => {
        process.stderr.write(`${waitingForGuests(count)}\n`);
      },
    });
  }
}

function checked(
  stream: DescribeStreamSummaryInput,
): DescribeStreamSummaryInput {
  const { StreamName, StreamARN } = stream;
  if (StreamName !== undefined && !STREAM_NAME.test(StreamName)) {
    throw new RotationError(
      'InvalidRequest',
      `--stream-name ${quote(StreamName)} is not a stream name; expected 1 to 128 of a-z A-Z 0-9 _ . -`,
    );
  }
  const arn = StreamARN === undefined ? undefined : parseStreamArn(StreamARN);
  if (StreamARN !== undefined && arn === undefined) {
    throw new RotationError(
      'InvalidRequest',
      `--stream-arn ${quote(StreamARN)} is not the ARN of a data stream`,
    );
  }
  if (StreamName === undefined && arn === undefined) {
    throw new RotationError(
      'InvalidRequest',
      '--stream-name and --stream-arn are both missing; give one',
    );
  }
  if (StreamName !== undefined && arn && arn.StreamName !== StreamName) {
    throw new RotationError(
      'InvalidRequest',
      `--stream-name ${quote(StreamName)} and --stream-arn ${quote(StreamARN)} name different streams`,
    );
  }
  return StreamARN ? { StreamARN } : { StreamName };
}
