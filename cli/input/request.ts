import { requestFor } from '../../shared/config/rotations-file.ts';
import { parseRequest } from '../../shared/contract/request.ts';
import type { CommandContext } from '../environment/context.ts';
import {
  NAMING_FIELDS,
  type RequestFlags,
  requestFromFlags,
} from './request-flags.ts';

/**
 * Builds the request of the flags. Without a stream and a key, it is for the first
 * stream of rotations.yml.
 *
 * @throws InvalidRequest before anything is started
 */
export async function chosenRequest(
  flags: RequestFlags,
  { rotations }: Pick<CommandContext, 'rotations'>,
): Promise<Record<string, unknown>> {
  const given = await requestFromFlags(flags);
  const isNamed = NAMING_FIELDS.some((field) => field in given);
  const [entry] = isNamed ? [] : await rotations();
  const request = {
    ...(entry && requestFor(entry)),
    Trigger: { Source: 'manual' },
    ...given,
  };
  parseRequest(request);
  return request;
}
