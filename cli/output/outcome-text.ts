import {
  keyNow,
  type Outcome,
  type RollbackOutcome,
  type Success,
} from '../../shared/contract/outcome.ts';
import { neededUntil } from '../../shared/ledger/key-periods.ts';
import type { Quota } from '../../shared/ledger/usage.ts';
import { nextCommand, type Where } from '../executions/next-command.ts';
import { bad, doubtful, good } from './color.ts';
import { localTime } from './local-time.ts';
import { labelledRow } from './table.ts';

/**
 * An outcome in lines for people. A failed one ends with the command that goes on.
 *
 * @param where where the rotation ran; the embedded AWS without
 */
export function outcomeText(outcome: Outcome, where: Where = {}): string {
  const { Quota } = outcome;
  const quota = labelledRow('Quota', Quota && quotaText(Quota));
  if (outcome.Status === 'FAILED') {
    return [
      bad(`FAILED ${outcome.Error}`),
      outcome.Cause,
      ...(outcome.Rollback ? [rollbackText(outcome.Rollback)] : []),
      ...labelledRow('Stream', outcome.StreamName),
      ...labelledRow('Now', keyNow(outcome)),
      ...repointedRow(outcome),
      ...(outcome.SlotsSpent
        ? labelledRow(
            'Spent',
            `${outcome.SlotsSpent} ${outcome.SlotsSpent === 1 ? 'slot' : 'slots'} of the quota, which AWS counts or may count`,
          )
        : []),
      ...quota,
      ...labelledRow('Next', nextCommand(outcome, where)),
    ].join('\n');
  }
  const from = outcome.PreviousKeyId ?? 'not encrypted';
  const proof = outcome.Verification;
  return [
    `${endText(outcome)} ${outcome.StreamName}: ${
      outcome.Outcome === 'UNCHANGED'
        ? outcome.KeyId
        : `${from} -> ${outcome.KeyId}`
    }`,
    ...(outcome.Warning ? [outcome.Warning] : []),
    ...labelledRow('Key', outcome.KeyArn),
    ...repointedRow(outcome),
    ...labelledRow('By', outcome.InProgressRotationId),
    ...(proof
      ? labelledRow(
          'Probe',
          `EncryptionType ${proof.EncryptionType}, ${proof.ShardId}, record ${proof.SequenceNumber}`,
        )
      : []),
    ...labelledRow(
      'Baked',
      outcome.BakedUntil &&
        `until ${localTime(outcome.BakedUntil)}, no watched alarm was in ALARM`,
    ),
    ...quota,
    ...formerKeyRow(outcome),
  ].join('\n');
}

/** How a rotation ended without failing. */
export function endText({ Outcome: end, Warning }: Success): string {
  return Warning ? doubtful(`WARNING ${end}`) : good(end);
}

/**
 * The key that the rotation replaced: its records are retained. A retention that grows
 * moves the time, so that it is the earliest one.
 */
function formerKeyRow({
  Outcome,
  KeyId,
  PreviousKeyId,
  RepointedFrom,
  ActiveAt,
  RetentionPeriodHours,
}: Success): string[] {
  if (Outcome !== 'ROTATED' || PreviousKeyId === null) return [];
  const former = PreviousKeyId === KeyId ? RepointedFrom : PreviousKeyId;
  if (former === undefined || ActiveAt === null || !RetentionPeriodHours) {
    return [];
  }
  const at = Date.parse(ActiveAt);
  const until = neededUntil(
    { KeyId: former, From: at, LeftAt: at },
    RetentionPeriodHours,
  );
  return labelledRow(
    'Former',
    until === undefined
      ? undefined
      : `keep ${former} usable until ${localTime(until)} at least: records under it are retained until then`,
  );
}

/** Who may update an alias decides the key, so a change of it is shown. */
function repointedRow({ KeyId, RepointedFrom }: Outcome): string[] {
  if (RepointedFrom === undefined) return [];
  return labelledRow(
    'Alias',
    `${KeyId} pointed to ${RepointedFrom} before; CloudTrail has the UpdateAlias`,
  );
}

function rollbackText({ Status, KeyId, Cause }: RollbackOutcome): string {
  if (Status === 'ROLLED_BACK') return `Rolled back to ${KeyId}, verified`;
  return `NOT rolled back, the stream may still be under the key that it was to leave: ${Cause}`;
}

/** How much of the quota is used, in a line. Times in the reader's zone. */
export function quotaText(quota: Quota): string {
  const { Limit, Used, Remaining, NextAvailableAt, UsedByOthers } = quota;
  const others = UsedByOthers
    ? ` (${UsedByOthers} refused by AWS, used outside the ledger or limited by rate)`
    : '';
  const next = NextAvailableAt ? localTime(NextAvailableAt) : 'now';
  return `${Used} of ${Limit} used in 24 hours${others}, ${Remaining} remaining, next free ${next}`;
}
