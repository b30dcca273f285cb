import type { RotationsStream } from '../../shared/config/rotations-stream.ts';
import { quote } from '../../shared/errors/text.ts';
import { printable } from '../output/printable.ts';
import { rowTable } from '../output/table.ts';
import type { Move } from './moves.ts';
import type { FieldChange, StreamChanges } from './stream-changes.ts';
import { isUnchanged, type TemplateChanges } from './template-changes.ts';

export interface DeploymentChange {
  /** Whether the stage has no stack with a ledger yet. */
  isFirst: boolean;
  /** Absent where the deployed streams are unknown; then for people, why. */
  streams: StreamChanges | { unknown: string };
  /** Absent where the deployed template is unknown; then for people, why. */
  template: TemplateChanges | { unknown: string };
  /** One of each stream. */
  moves: readonly Move[];
}

/** What a deployment changes and moves, in lines for people. */
export function changeText(change: DeploymentChange): string {
  const lines = [
    ...(change.isFirst ? ['This is the first deployment of the stage.'] : []),
    ...streamLines(change),
    ...templateLines(change),
    ...moveLines(change),
  ];
  return printable(lines.join('\n'));
}

function streamLines({ streams }: DeploymentChange): string[] {
  if ('unknown' in streams) return [`Streams: ${streams.unknown}`];
  const { added, changed, removed, unchanged } = streams;
  return [
    'Streams',
    ...added.map((stream) => `  + ${stream.StreamName}: ${streamText(stream)}`),
    ...changed.flatMap(({ StreamName, fields }) => [
      `  ~ ${StreamName}`,
      ...fields.map((field) => `      ${fieldText(field)}`),
    ]),
    ...removed.map(
      (name) =>
        `  - ${name}: it keeps its key; its schedule, alarms and rights go`,
    ),
    ...(unchanged > 0 ? [`  ${unchanged} unchanged`] : []),
  ];
}

function streamText({ KeyIds, Schedule, OnDrift }: RotationsStream): string {
  return [
    `ring ${KeyIds.map((key) => quote(key)).join(', ')}`,
    Schedule ?? 'no schedule',
    ...(OnDrift === 'ALERT' ? ['OnDrift ALERT'] : []),
  ].join('; ');
}

function fieldText({ field, from, to }: FieldChange): string {
  // It may be a record of the user's.
  if (field === 'Probe') return field;
  const text = (value: unknown) =>
    value === undefined ? 'absent' : quote(value);
  return `${field} ${text(from)} -> ${text(to)}`;
}

const COLUMNS = [
  ['ADD', 'added'],
  ['CHANGE', 'changed'],
  ['REPLACE', 'replaced'],
  ['DELETE', 'deleted'],
] as const;

function templateLines({ template, isFirst }: DeploymentChange): string[] {
  if ('unknown' in template) return [`Resources: ${template.unknown}`];
  if (isUnchanged(template)) return ['Resources: unchanged'];
  const { resources, rights, code } = template;
  const types = [...new Set(resources.map(({ type }) => type))].sort();
  const columns = COLUMNS.filter(([action]) =>
    resources.some((each) => each.action === action),
  );
  const rows = types.map((type) => [
    type,
    ...columns.map(([action]) => {
      const { length } = resources.filter(
        (each) => each.type === type && each.action === action,
      );
      return length === 0 ? '' : String(length);
    }),
  ]);
  const idsOf = (action: string) =>
    resources.filter((each) => each.action === action).map(({ id }) => id);
  return [
    ...(rows.length === 0
      ? []
      : [rowTable(['Resources', ...columns.map(([, name]) => name)], rows)]),
    ...listed('Replaced', idsOf('REPLACE')),
    ...listed('Deleted', idsOf('DELETE')),
    ...(isFirst ? [] : listed('Rights change', rights)),
    ...listed(
      'Code changes',
      code.map((id) => id.replace(/LambdaFunction$/, '')),
    ),
  ];
}

function listed(label: string, ids: readonly string[]): string[] {
  return ids.length === 0 ? [] : [`${label}: ${ids.join(', ')}`];
}

function moveLines({ moves }: DeploymentChange): string[] {
  const moving = moves.filter(({ reasons }) => reasons.length > 0);
  const problems = moves.filter(({ problem }) => problem !== undefined);
  const calm = moves.filter(
    ({ reasons, problem }) => reasons.length === 0 && problem === undefined,
  );
  const alertOnly = calm.filter(({ isAlertOnly }) => isAlertOnly);
  const usable = calm.length - alertOnly.length;
  return [
    moving.length === 0
      ? 'No stream is known to move at once'
      : 'Moves at once',
    ...moving.flatMap(({ StreamName, reasons }) =>
      reasons.map((reason) => `  ${StreamName}: ${reason}`),
    ),
    ...(problems.length === 0 ? [] : ['Could not be checked or restored']),
    ...problems.map(({ StreamName, problem }) => `  ${StreamName}: ${problem}`),
    ...(usable > 0
      ? [`Under a usable key of its ring, and stays: ${streamsText(usable)}`]
      : []),
    ...(alertOnly.length > 0
      ? [
          `OnDrift ALERT, so no sweep restores it: ${streamsText(alertOnly.length)}`,
        ]
      : []),
  ];
}

const streamsText = (count: number) =>
  `${count} ${count === 1 ? 'stream' : 'streams'}`;
