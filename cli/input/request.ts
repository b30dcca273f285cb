import {
  type RotationsStream,
  requestFor,
} from '../../shared/config/rotations-stream.ts';
import { parseRequest } from '../../shared/contract/request.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { parseStreamArn } from '../../shared/identifiers/arn.ts';
import type { CommandContext } from '../environment/context.ts';
import {
  KEY_FIELDS,
  NAMING_FIELDS,
  type RequestFlags,
  requestFromFlags,
} from './request-flags.ts';

type Request = Record<string, unknown>;
type Context = Pick<CommandContext, 'rotations'>;

/**
 * Builds the request of the flags. What rotations.yml says of the stream counts, and
 * flags take precedence; a key in the flags replaces the ring. Without a stream and a
 * key, it is for the first stream of rotations.yml.
 *
 * @throws InvalidRequest before anything is started, and RotationsFileError
 */
export async function chosenRequest(
  flags: RequestFlags,
  context: Context,
): Promise<Request> {
  return (await chooseRequest(flags, context)).request;
}

/**
 * Builds the request of the flags, as {@link chosenRequest}.
 *
 * @returns also whether the flags name its stream
 * @throws InvalidRequest before anything is started, and RotationsFileError
 */
export async function chooseRequest(
  flags: RequestFlags,
  context: Context,
): Promise<{ request: Request; isNamed: boolean }> {
  const given = await requestFromFlags(flags);
  const entry = await entryOf(given, context);
  const base: Request = entry ? requestFor(entry) : {};
  if (isAny(KEY_FIELDS, given)) delete base.KeyIds;
  if ('StreamARN' in given) delete base.StreamName;
  const request = { ...base, Trigger: { Source: 'manual' }, ...given };
  if (!entry && !isAny(KEY_FIELDS, given)) {
    // Every other fault of the request comes first.
    parseRequest({ ...request, KeyId: 'alias/any' });
    throw await unlisted(given, context);
  }
  parseRequest(request);
  return { request, isNamed: isAny(NAMING_FIELDS, given) };
}

/** Only rotations.yml has a ring for a stream without a key. */
async function unlisted(
  { StreamName, StreamARN }: Request,
  { rotations }: Context,
): Promise<RotationError> {
  const names = (await rotations()).map((entry) => entry.StreamName);
  const subject = `Stream ${quote(StreamName ?? StreamARN)}`;
  return new RotationError(
    'InvalidRequest',
    `KeyId and KeyIds are both missing, and rotations.yml does not list ${subject}; it lists ${names.join(', ')}. Give one of these, or --key-id`,
  );
}

const isAny = (fields: readonly string[], request: Request) =>
  fields.some((field) => field in request);

/** The stream of rotations.yml that a request is for. */
async function entryOf(
  given: Request,
  { rotations }: Context,
): Promise<RotationsStream | undefined> {
  if (!isAny(NAMING_FIELDS, given)) return (await rotations())[0];
  const { StreamName, StreamARN } = given;
  const name =
    StreamName ?? parseStreamArn(String(StreamARN))?.streamName ?? undefined;
  // A request that names stream and key needs no file.
  const listed = isAny(KEY_FIELDS, given)
    ? await rotations().catch(() => [])
    : await rotations();
  return listed.find((entry) => entry.StreamName === name);
}
