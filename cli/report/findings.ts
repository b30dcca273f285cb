import {
  countKind,
  type ReportModel,
  type Result,
  type StreamModel,
} from './report-model.ts';
import { utc } from './time-text.ts';

/** A fact that needs attention, or needed it in the period. */
export interface Finding extends Pick<StreamModel, 'StreamName' | 'anchor'> {
  /** `NOW`: true at this moment; `PAST`: happened in the period. */
  when: 'NOW' | 'PAST';
  text: string;
}

/** Lists the findings: first those of now, then those of the period. */
export function findings({ streams }: ReportModel): Finding[] {
  const list = (
    when: Finding['when'],
    texts: (stream: StreamModel) => string[],
  ) =>
    streams.flatMap((stream) => {
      const { StreamName, anchor } = stream;
      return texts(stream).map((text) => ({ StreamName, anchor, when, text }));
    });
  return [...list('NOW', findCurrent), ...list('PAST', findPast)];
}

function findCurrent(stream: StreamModel): string[] {
  const { condition, reason, timeliness, movedTo, KeyId } = stream;
  const texts: string[] = [];
  if (stream.isUnverified) {
    texts.push(
      `No probe has proved the present key, ${KeyId ?? 'unknown'}. The age of the key counts from the last key that was proved.`,
    );
  }
  texts.push(...findLastRotation(stream), ...findQuota(stream));
  if (condition !== 'IN_RING' && condition !== 'NO_RING') {
    texts.push(`The stream ${reason}.`);
  }
  if (timeliness.status === 'OVERDUE') {
    const [alias] = stream.ring.length === 1 ? stream.ring : [];
    const how =
      alias === undefined
        ? ''
        : ` A rotation applies one after the owner points ${alias} at it.`;
    texts.push(
      `The next key was due by ${utc(timeliness.dueAt)} and has not been applied.${how}`,
    );
  }
  if (movedTo !== undefined) {
    texts.push(
      `${KeyId} now resolves to ${movedTo}, not to the key that was applied.`,
    );
  }
  return texts;
}

/** A rollback that did not happen leaves the stream as the rotation did. */
function findLastRotation({ rows }: StreamModel): string[] {
  const last = rows.find((row) => row.kind === 'ROTATION');
  if (last?.result !== 'NOT_ROLLED_BACK') return [];
  const { outcome } = last;
  const rollback = outcome.Status === 'FAILED' ? outcome.Rollback : undefined;
  return [
    `The last rotation failed, and its rollback is ${rollback?.Status}: ${rollback?.Cause}. Writers may be denied.`,
  ];
}

function findQuota({ quota }: StreamModel): string[] {
  if (quota.Remaining > 0) return [];
  const next = quota.NextAvailableAt;
  return [
    `No slot of the quota is free${next ? ` before ${utc(Date.parse(next))}` : ''}: no rotation and no rollback can start.`,
  ];
}

function findPast({ rows, spans }: StreamModel): string[] {
  const rotations = rows.filter((row) => row.kind === 'ROTATION');
  const errors = rotations.flatMap(({ outcome }) =>
    outcome.Status === 'FAILED' ? [outcome.Error] : [],
  );
  const countOf = (result: Result) =>
    rotations.filter((row) => row.result === result).length;
  const rolledBack = countOf('ROLLED_BACK');
  const notRolledBack = countOf('NOT_ROLLED_BACK');
  const external = countKind(rows, 'EXTERNAL_START');
  const texts: string[] = [];
  if (errors.length > 0) {
    texts.push(
      [
        `${errors.length} of ${plural(rotations.length, 'rotation')} failed: ${[...new Set(errors)].join(', ')}.`,
        ...(rolledBack > 0 ? [`Rolled back: ${rolledBack}.`] : []),
        ...(notRolledBack > 0 ? [`Not rolled back: ${notRolledBack}.`] : []),
      ].join(' '),
    );
  }
  const unhelped = countOf('UNCHANGED_WITH_WARNING');
  if (unhelped > 0) {
    texts.push(
      `${plural(unhelped, 'rotation')} changed nothing, and helped no writer or reader.`,
    );
  }
  if (external > 0) {
    texts.push(
      `${plural(external, 'key')} applied by external starts, outside the ledger.`,
    );
  }
  for (const row of rows) {
    if (row.kind !== 'EXTERNAL_STOP') continue;
    texts.push(
      `Encryption was switched off at ${utc(row.at)} by ${row.stop.By}, outside the ledger.`,
    );
  }
  for (const { from, to, KeyId, known } of spans) {
    if (KeyId !== undefined || known !== 'SEEN') continue;
    texts.push(
      `The key changed between ${utc(from)} and ${utc(to)}, and no record shows how.`,
    );
  }
  return texts;
}

/** A count with its noun, as `1 key` and `2 keys`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
