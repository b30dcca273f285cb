import {
  type RotationsStream,
  requestFor,
} from '../../shared/config/rotations-file.ts';
import { parseRequest } from '../../shared/contract/request.ts';
import {
  NAMING_FIELDS,
  type RequestFlags,
  requestFromFlags,
} from './request-flags.ts';

/**
 * The request that flags ask for: without a stream and a key, one for the first
 * stream of rotations.yml.
 *
 * @throws InvalidRequest before anything is started
 */
export async function chosenRequest(
  flags: RequestFlags,
  rotations: () => Promise<RotationsStream[]>,
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
