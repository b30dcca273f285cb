import type { Outcome } from '../../../shared/contract/outcome.ts';
import type { Trigger } from '../../../shared/contract/trigger.ts';
import type { ReportRow, StreamModel } from '../report-model.ts';

/** A key of a stream, and the key ARNs to which its KeyId resolved. */
interface LegendKey {
  /** Its place in the ring, as in the chart, or `!1` for the first outside it. */
  label: string;
  /** The place in the ring, from 1 on; absent outside it. */
  place?: number;
  KeyId: string;
  /** Labeled `1.1`, `1.2` where there are several. */
  arns: { label: string; arn: string }[];
}

/** Distinct triggers, as all their fields besides times, labeled `a`, `b` and so on. */
interface LegendTrigger {
  label: string;
  fields: [name: string, value: string][];
}

/** The long names in the table of a stream, each once, with a short label. */
export interface StreamLegend {
  keys: LegendKey[];
  triggers: LegendTrigger[];
  /** What the id of every rotation begins with; undefined where they differ. */
  executions: string | undefined;
}

export function streamLegend(
  stream: StreamModel,
  executions?: string,
): StreamLegend {
  const outcomes = outcomesOf(stream.rows);
  return {
    keys: legendKeys(stream),
    triggers: legendTriggers(outcomes),
    executions,
  };
}

const outcomesOf = (rows: readonly ReportRow[]): Outcome[] =>
  rows.flatMap((row) => (row.kind === 'ROTATION' ? [row.outcome] : []));

/** What the ids of all rotations begin with, if it is the same. */
export function executionPrefix(
  streams: readonly StreamModel[],
): string | undefined {
  const prefixes = new Set(
    streams
      .flatMap(({ rows }) => outcomesOf(rows))
      .map(({ RotationId }) => prefixOf(RotationId)),
  );
  const [prefix] = prefixes;
  return prefixes.size === 1 ? prefix : undefined;
}

/** With its colon. */
function prefixOf(rotationId: string): string {
  return rotationId.slice(0, rotationId.lastIndexOf(':') + 1);
}

/** The id of a rotation, without the beginning that the legend has. */
export function executionName(
  { executions = '' }: StreamLegend,
  rotationId: string,
): string {
  return rotationId.slice(executions.length);
}

function legendKeys(stream: StreamModel): LegendKey[] {
  const { ring } = stream;
  const arnsOf = new Map<string, Set<string>>();
  for (const [keyId, arn] of keysOf(stream)) {
    if (typeof keyId !== 'string') continue;
    const arns = arnsOf.get(keyId) ?? new Set();
    if (arn) arns.add(arn);
    arnsOf.set(keyId, arns);
  }
  let outside = 0;
  return [...arnsOf].map(([KeyId, arns]) => {
    const at = ring.indexOf(KeyId);
    const label = at < 0 ? `!${++outside}` : String(at + 1);
    return {
      label,
      ...(at >= 0 && { place: at + 1 }),
      KeyId,
      arns: [...arns].map((arn, nth) => ({
        label: arns.size === 1 ? label : `${label}.${nth + 1}`,
        arn,
      })),
    };
  });
}

type NamedKey = [
  keyId: string | null | undefined,
  arn?: string | null | undefined,
];

/** Every mention of a key in a stream's section, the ring first. */
function keysOf(stream: StreamModel): NamedKey[] {
  const { ring, KeyId, KeyArn, movedTo, spans, rows } = stream;
  return [
    ...ring.map((keyId): NamedKey => [keyId]),
    ...rows.toReversed().flatMap(keysOfRow),
    ...spans.map((span): NamedKey => [span.KeyId, span.KeyArn]),
    [KeyId, KeyArn],
    [KeyId, movedTo],
  ];
}

function keysOfRow(row: ReportRow): NamedKey[] {
  if (row.kind === 'EXTERNAL_START') return [[row.start.KeyId]];
  if (row.kind === 'EXTERNAL_STOP') return [];
  const { outcome } = row;
  const rollback = outcome.Status === 'FAILED' ? outcome.Rollback : undefined;
  return [
    [outcome.PreviousKeyId],
    [outcome.KeyId, outcome.KeyArn],
    [rollback?.KeyId, rollback?.KeyArn],
  ];
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/;

/** The fields of a trigger; without times, which differ in every rotation. */
export function triggerFields(trigger: Trigger): LegendTrigger['fields'] {
  return Object.entries(trigger)
    .map(([name, value]): [string, string] => [name, String(value)])
    .filter(([, value]) => !ISO_TIME.test(value));
}

function legendTriggers(outcomes: readonly Outcome[]): LegendTrigger[] {
  const known = new Map<string, LegendTrigger['fields']>();
  for (const { Trigger: trigger } of outcomes.toReversed()) {
    if (trigger === undefined) continue;
    const fields = triggerFields(trigger);
    known.set(JSON.stringify(fields), fields);
  }
  return [...known.values()].map((fields, at) => ({
    label: letters(at),
    fields,
  }));
}

/** The label of a trigger, and undefined for a rotation without one. */
export function triggerLabel(
  { triggers }: StreamLegend,
  trigger: Trigger | undefined,
): string | undefined {
  if (trigger === undefined) return undefined;
  const text = JSON.stringify(triggerFields(trigger));
  return triggers.find(({ fields }) => JSON.stringify(fields) === text)?.label;
}

/** The label of a key; of one of its ARNs where it had several. */
export function keyLabel(
  { keys }: StreamLegend,
  keyId: string,
  arn?: string,
): { label: string; place?: number } | undefined {
  const key = keys.find(({ KeyId }) => KeyId === keyId);
  if (key === undefined) return undefined;
  const { label, place, arns } = key;
  const exact = arns.find((one) => one.arn === arn)?.label ?? label;
  return { label: exact, ...(place !== undefined && { place }) };
}

/** `a` to `z`, then `aa`, `ab` and so on. */
function letters(at: number): string {
  const last = String.fromCharCode(97 + (at % 26));
  return at < 26 ? last : `${letters(Math.floor(at / 26) - 1)}${last}`;
}
