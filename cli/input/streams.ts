import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import {
  parseStreamArn,
  STREAM_NAME,
  toStreamArn,
} from '../../shared/identifiers/arn.ts';
import type { CommandContext } from '../environment/context.ts';
import type { Environment } from '../environment/environment.ts';

/** The flags that name a command's stream. */
export interface StreamOptions {
  streamName?: string;
  streamArn?: string;
}

/** A stream that a command speaks of. */
export interface ChosenStream {
  StreamName: string;
  StreamARN: string;
  /** What rotations.yml says of it, if it is there. */
  Entry?: RotationsStream;
}

/**
 * Refuses flags that name no stream, before anything is started.
 *
 * @throws {RotationError} InvalidRequest naming the flag and its value
 */
export function checkStreamFlags({
  streamName,
  streamArn,
}: StreamOptions): void {
  if (streamName !== undefined && !STREAM_NAME.test(streamName)) {
    throw invalid(
      `--stream-name ${quote(streamName)} is not a stream name; expected 1 to 128 of a-z A-Z 0-9 _ . -`,
    );
  }
  const arn = streamArn === undefined ? undefined : parseStreamArn(streamArn);
  if (streamArn !== undefined && arn === undefined) {
    throw invalid(
      `--stream-arn ${quote(streamArn)} is not the ARN of a data stream`,
    );
  }
  if (streamName !== undefined && arn && arn.streamName !== streamName) {
    throw invalid(
      `--stream-name ${quote(streamName)} and --stream-arn ${quote(streamArn)} name different streams`,
    );
  }
}

/** The stream that flags name, or else all of rotations.yml. */
export async function chooseStreams(
  { streamName, streamArn }: StreamOptions,
  { partition, region, account }: Environment,
  { rotations }: Pick<CommandContext, 'rotations'>,
): Promise<ChosenStream[]> {
  const named =
    (streamArn === undefined
      ? undefined
      : parseStreamArn(streamArn)?.streamName) ?? streamName;
  const arnOf = (name: string) =>
    toStreamArn({ partition, region, account }, name);
  if (named !== undefined) {
    const known = await rotations().catch(() => []);
    const Entry = known.find((entry) => entry.StreamName === named);
    const StreamARN = streamArn ?? arnOf(named);
    return [{ StreamName: named, StreamARN, ...(Entry && { Entry }) }];
  }
  return (await rotations()).map((Entry) => ({
    StreamName: Entry.StreamName,
    StreamARN: arnOf(Entry.StreamName),
    Entry,
  }));
}

/** Whether flags name one stream, whose result is then no list. */
export function isOneStream({ streamName, streamArn }: StreamOptions): boolean {
  return streamName !== undefined || streamArn !== undefined;
}

const invalid = (message: string) =>
  new RotationError('InvalidRequest', message);
