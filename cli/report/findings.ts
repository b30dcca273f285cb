import type { ReportModel, Result, StreamModel } from './report-model.ts';
import { utc } from './time-text.ts';

/** Something that an operator should look at, or should have looked at. */
export interface Finding extends Pick<StreamModel, 'StreamName' | 'Anchor'> {
  /** `NOW`: as it is at this moment; `PAST`: it happened in the period. */
  When: 'NOW' | 'PAST';
  Text: string;
}

/** What stands out: first what is wrong now, then what went wrong. */
export function findings({ Streams }: ReportModel): Finding[] {
  const of = (When: Finding['When'], tell: (stream: StreamModel) => string[]) =>
    Streams.flatMap((stream) =>
      tell(stream).map((Text) => ({
        StreamName: stream.StreamName,
        Anchor: stream.Anchor,
        When,
        Text,
      })),
    );
  return [...of('NOW', wrongNow), ...of('PAST', wrongBefore)];
}

function wrongNow(stream: StreamModel): string[] {
  const { Condition, Reason, Timeliness, MovedTo, KeyId } = stream;
  const isGood = Condition === 'IN_RING' || Condition === 'NO_RING';
  return [
    ...(isGood ? [] : [`The stream ${Reason}.`]),
    ...(Timeliness.Status === 'OVERDUE'
      ? [
          `Its next key was due by ${utc(Timeliness.DueAt)} and has not been applied.`,
        ]
      : []),
    ...(MovedTo === undefined
      ? []
      : [
          `${KeyId} now resolves to another key, ${MovedTo}, than when it was applied.`,
        ]),
  ];
}

function wrongBefore({ Entries, Spans }: StreamModel): string[] {
  const rotations = Entries.filter((entry) => entry.Kind === 'ROTATION');
  const errors = rotations.flatMap(({ Outcome }) =>
    Outcome.Status === 'FAILED' ? [Outcome.Error] : [],
  );
  const of = (result: Result) =>
    rotations.filter(({ Result }) => Result === result).length;
  const rolledBack = of('ROLLED_BACK');
  const notRolledBack = of('NOT_ROLLED_BACK');
  const others = Entries.length - rotations.length;
  const gaps = Spans.filter(
    ({ KeyId, Known }) => KeyId === undefined && Known === 'SEEN',
  );
  const failed = [
    `${errors.length} of ${count(rotations.length, 'rotation')} failed: ${[...new Set(errors)].join(', ')}.`,
    ...(rolledBack > 0 ? [`Rolled back: ${rolledBack}.`] : []),
    ...(notRolledBack > 0
      ? [`Could not be rolled back: ${notRolledBack}.`]
      : []),
  ];
  return [
    ...(errors.length > 0 ? [failed.join(' ')] : []),
    ...(others > 0 ? [`Others applied ${count(others, 'key')}.`] : []),
    ...gaps.map(
      ({ From, To }) =>
        `Its key changed between ${utc(From)} and ${utc(To)}, and no record tells how.`,
    ),
  ];
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
