import { readLocalSettings } from '../local/local-aws.ts';
import { runRotation } from '../local/rotation.ts';
import { quote, RotationError } from '../shared/errors.ts';
import { parseRequest } from '../shared/request.ts';
import { parseStreamArn } from '../shared/stream-identity.ts';
import { type RotationsEntry, requestFor } from '../stack/rotations-file.ts';
import type { Interruption } from './interruption.ts';
import { onLocalAws } from './on-local-aws.ts';
import { outcomeText } from './outcome-text.ts';
import { printable } from './printable.ts';
import { type RequestFlags, requestFromFlags } from './request-input.ts';

export interface RotateOptions extends RequestFlags {
  output: 'json' | 'text';
}

/**
 * Runs one rotation and prints its outcome on stdout, its progress on stderr.
 *
 * @returns the exit code
 * @throws InvalidRequest before anything is started
 */
export async function rotate(
  options: RotateOptions,
  rotations: () => Promise<RotationsEntry[]>,
  interruption: Interruption,
): Promise<number> {
  const given = await requestFromFlags(options);
  const { isAllExternal, region } = readLocalSettings(process.env);
  const isFileNeeded = namesNothing(given) || !isAllExternal;
  const entries = isFileNeeded ? await rotations() : [];
  const request: Record<string, unknown> = {
    ...(namesNothing(given) && entries[0] ? requestFor(entries[0]) : {}),
    Trigger: { Source: 'manual' },
    ...given,
  };
  parseRequest(request);
  checkRegion(request, region);

  return onLocalAws(entries, interruption, async (aws, progress) => {
    const outcome = await runRotation({
      request,
      handlers: aws.handlers,
      region: aws.region,
      signal: interruption.signal,
      onEvent: (event) => progress.show(event),
    });
    progress.end();
    const text =
      options.output === 'json'
        ? JSON.stringify(outcome, null, 4)
        : outcomeText(outcome);
    process.stdout.write(`${printable(text)}\n`);
    return outcome.Status === 'SUCCEEDED' ? 0 : (interruption.exitCode() ?? 1);
  });
}

/** What PlanRotation would refuse, seen before anything is started. */
function checkRegion(
  { StreamARN }: { StreamARN?: unknown },
  region: string,
): void {
  const arn = typeof StreamARN === 'string' && parseStreamArn(StreamARN);
  if (!arn || arn.Region === region) return;
  throw new RotationError(
    'InvalidRequest',
    `StreamARN ${quote(StreamARN)} is in Region ${arn.Region}, and AWS_REGION is ${region}; set AWS_REGION to ${arn.Region}`,
  );
}

function namesNothing(request: Record<string, unknown>): boolean {
  return !['StreamName', 'StreamARN', 'KeyId', 'KeyIds'].some(
    (field) => field in request,
  );
}
