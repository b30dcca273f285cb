import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { KEY_ID_FORMS, parseKeyId } from '../../shared/identifiers/key-id.ts';
import type { AwayPlan } from './look.ts';

/** The flags that decide where a move away from a key may go. */
export interface AwayOptions {
  awayFrom?: string;
  all?: boolean;
  stateMachineArn?: string;
}

/** Fields that would leave a stream under the key, or choose another one. */
const OWN_FIELDS = ['Mode', 'UnlessAppliedSince'];

/**
 * Returns the key of --away-from; undefined without it.
 *
 * @throws {RotationError} InvalidRequest, before anything is started
 */
export function givenAwayFrom({
  awayFrom,
  all,
  stateMachineArn,
}: AwayOptions): string | undefined {
  if (awayFrom === undefined) return undefined;
  const given = `--away-from ${quote(awayFrom)}`;
  if (parseKeyId(awayFrom) === undefined) {
    throw invalid(`${given} is not a key id; expected ${KEY_ID_FORMS}`);
  }
  if (!all) {
    throw invalid(
      `${given} looks at every stream; give --all too, or move one stream with --stream-name and --key-id`,
    );
  }
  if (stateMachineArn !== undefined) {
    throw invalid(
      `${given} reads the ledger, which --state-machine-arn ${quote(stateMachineArn)} does not name; give --stage instead`,
    );
  }
  return awayFrom;
}

/**
 * Turns the requests of a fleet into those of the streams that move. Each names its
 * target instead of the ring: a stream that has moved since it was looked at ends
 * UNCHANGED or under this target, and is never moved on to the next key.
 */
export function awayRequests(
  fleet: readonly Record<string, unknown>[],
  { Moves }: Pick<AwayPlan, 'Moves'>,
): Record<string, unknown>[] {
  const targets = new Map(Moves.map((move) => [move.StreamName, move.KeyId]));
  return fleet.flatMap(({ KeyIds: _, ...request }) => {
    const KeyId = targets.get(String(request.StreamName));
    return KeyId === undefined ? [] : [{ ...request, KeyId }];
  });
}

/**
 * Refuses the fields of a request that contradict --away-from.
 *
 * @throws {RotationError} InvalidRequest
 */
export function refuseOwnChoice(
  fleet: readonly Record<string, unknown>[],
): void {
  const [request = {}] = fleet;
  const field = OWN_FIELDS.find((name) => name in request);
  if (field === undefined) return;
  throw invalid(
    `${field} ${quote(request[field])} chooses which streams move, as --away-from does; leave out one of the two`,
  );
}

const invalid = (message: string) =>
  new RotationError('InvalidRequest', message);
