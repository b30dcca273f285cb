import { bad, good } from '../output/color.ts';
import { labelledRow } from '../output/table.ts';
import {
  type AccessReport,
  lossesOf,
  refusalsOf,
  uncheckedOf,
} from './access-report.ts';

/** Lines of one kind that a terminal shows; `--output json` has all of them. */
const SHOWN = 8;

/** The rows of a preview that say who would lose access. */
export function accessRows(report: AccessReport | undefined): string[] {
  if (report === undefined) return [];
  const lines = [
    ...shown(lossesOf(report)).map(lossText),
    ...shown(uncheckedOf(report)).map((line) => `not checked: ${line}`),
    ...checkedText(report),
    ...refusalText(report),
  ];
  return lines.flatMap((line, at) =>
    labelledRow(at === 0 ? 'Access' : '', line),
  );
}

/** A stream of a table of previews. */
interface CheckedStream {
  StreamName: string;
  Access?: AccessReport;
}

/** The lines below a table of previews, the same line of many streams once. */
export function accessLines(streams: readonly CheckedStream[]): string[] {
  const unchecked = streams.flatMap(({ StreamName, Access }) =>
    Access
      ? uncheckedOf(Access).map((line) => [StreamName, line] as const)
      : [],
  );
  const refused = streams
    .filter(({ Access }) => Access && refusalsOf(Access).length > 0)
    .map(({ StreamName }) => StreamName);
  return [
    ...shown(byLine(lossesIn(streams))).map(lossText),
    ...shown(byLine(unchecked)).map((line) => `not checked: ${line}`),
    ...(refused.length > 0
      ? [`rotate refuses ${refused.join(', ')}: AccessCheck is FAIL`]
      : []),
  ].map((line) => `Access ${line}`);
}

/** What a start says before it begins: what would be lost, and whether all is checked. */
export function warningLines(streams: readonly CheckedStream[]): string[] {
  const unchecked = streams.flatMap(({ Access }) =>
    Access ? uncheckedOf(Access) : [],
  );
  return [
    ...shown(byLine(lossesIn(streams))).map(lossText),
    ...(unchecked.length > 0
      ? [
          `not checked in full: plan shows ${unchecked.length === 1 ? 'one open point' : `${unchecked.length} open points`}`,
        ]
      : []),
  ].map((line) => `Access ${line}`);
}

const lossesIn = (streams: readonly CheckedStream[]) =>
  streams.flatMap(({ StreamName, Access }) =>
    Access ? lossesOf(Access).map((line) => [StreamName, line] as const) : [],
  );

function byLine(lines: readonly (readonly [string, string])[]): string[] {
  const streams = new Map<string, string[]>();
  for (const [stream, line] of lines) {
    streams.set(line, [...(streams.get(line) ?? []), stream]);
  }
  return [...streams].map(([line, names]) => {
    const [first, ...others] = [...new Set(names)];
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    return `${first}${more}: ${line}`;
  });
}

const lossText = (line: string) => `${bad('would lose')}: ${line}`;

function shown(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN;
  return more > 0
    ? [...lines.slice(0, SHOWN), `${more} more, which --output json shows`]
    : [...lines];
}

/** Grants alone are not worth a line. */
function checkedText({ Policy, Grants, Principals }: AccessReport): string[] {
  const roles = Principals.filter(({ Status }) => Status === 'OK').length;
  const isPolicyOk = Policy?.Status === 'OK';
  if (roles === 0 && !isPolicyOk) return [];
  const checked = [
    ...(isPolicyOk ? ['key policies'] : []),
    ...(Grants?.Status === 'OK' ? ['grants'] : []),
    ...(roles > 0 ? [`${roles} ${roles === 1 ? 'role' : 'roles'}`] : []),
  ];
  return [`${good('ok')}: ${checked.join(', ')}`];
}

function refusalText(report: AccessReport): string[] {
  return refusalsOf(report).length > 0
    ? ['rotate refuses to start it: AccessCheck is FAIL']
    : [];
}
