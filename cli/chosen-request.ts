import { parseRequest } from '../shared/request.ts';
import { type RotationsEntry, requestFor } from '../stack/rotations-file.ts';
import { type RequestFlags, requestFromFlags } from './request-input.ts';

/**
 * The request that flags ask for: without a stream and a key, one for the first
 * stream of rotations.yml.
 *
 * @throws InvalidRequest before anything is started
 */
export async function chosenRequest(
  flags: RequestFlags,
  rotations: () => Promise<RotationsEntry[]>,
): Promise<Record<string, unknown>> {
  const given = await requestFromFlags(flags);
  const [entry] = namesNothing(given) ? await rotations() : [];
  const request = {
    ...(entry && requestFor(entry)),
    Trigger: { Source: 'manual' },
    ...given,
  };
  parseRequest(request);
  return request;
}

function namesNothing(request: Record<string, unknown>): boolean {
  return !['StreamName', 'StreamARN', 'KeyId', 'KeyIds'].some(
    (field) => field in request,
  );
}
