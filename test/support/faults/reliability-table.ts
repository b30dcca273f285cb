import type { Observed } from './cell.ts';
import {
  CALLS,
  type CallOfState,
  CELLS,
  type Cell,
  KINDS,
  type Times,
} from './matrix.ts';

const BEGIN = '<!-- cells: begin (npm run reliability) -->';
const END = '<!-- cells: end -->';

/** The text with the number of calls that were authorized, and of those denied. */
export function withCalls(
  text: string,
  { authorized, denied }: { authorized: number; denied: number },
): string {
  const injected = CELLS.filter(({ fault }) => /AccessDenied/.test(fault));
  return text.replace(
    /^The functions made .*$/m,
    `The functions made ${authorized + denied} calls in ${CELLS.length} cells. The roles allow ${authorized}, and deny ${denied}; ${injected.length} cells inject a denial.`,
  );
}

/** The text with what stands between its two marks replaced. */
export function withTable(
  text: string,
  resultOf: (cell: Cell) => Observed,
): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`No ${BEGIN} in the text`);
  return `${before}${BEGIN}\n\n${table(resultOf)}\n\n${END}${after}`;
}

function table(resultOf: (cell: Cell) => Observed): string {
  return [
    `${CELLS.length} cells: ${CALLS.length} calls, each with ${CELLS.length / CALLS.length} faults.`,
    '',
    '| call | fault | ends as | Starts | slots | stream under | record and event |',
    '|---|---|---|---|---|---|---|',
    ...CALLS.flatMap((call) => rowsOf(call, resultOf)),
  ].join('\n');
}

/** One row for all the cells of a call that come to the same. */
function rowsOf(
  call: CallOfState,
  resultOf: (cell: Cell) => Observed,
): string[] {
  const groups = Map.groupBy(
    CELLS.filter((cell) => cell.call === call),
    (cell) => resultText(cell, resultOf(cell)),
  );
  return [...groups].map(
    ([result, cells], nth) =>
      `| ${nth === 0 ? `${call.name}` : ''} | ${faultsText(cells)} | ${result} |`,
  );
}

function resultText({ call, fault }: Cell, result: Observed): string {
  const { Ends, Starts, Slots, Key, Lease, History, Event } = result;
  const left = [
    ...(Lease === 'none' ? [] : ['**lease left**']),
    ...(History === 'as the outcome' ? [] : [`record: ${History}`]),
    ...(Event === 'as the outcome' ? [] : [`event: ${Event}`]),
  ];
  const isUsual = call.normally.Ends.startsWith(fault);
  return [
    isUsual ? Ends : Ends.replace(fault, 'its own name'),
    Starts,
    Slots,
    Key,
    left.length === 0 ? 'as the outcome' : left.join(', '),
  ].join(' | ');
}

function faultsText(cells: readonly Cell[]): string {
  const texts = [...Map.groupBy(cells, ({ times }) => times)].map(
    ([times, those]) => ({ times, kinds: kindsText(those, times) }),
  );
  return [...Map.groupBy(texts, ({ kinds }) => kinds)]
    .map(
      ([kinds, those]) =>
        `${kinds} _${those.map(({ times }) => times).join(' or ')}_`,
    )
    .join('; ');
}

/** The names of faults, or of the kind where most of a kind are there. */
function kindsText(cells: readonly Cell[], times: Times): string {
  const met = new Set(cells.map(({ fault }) => fault));
  const all = new Set(
    CELLS.filter((cell) => cell.times === times).map(({ fault }) => fault),
  );
  return Object.entries(KINDS)
    .flatMap(([kind, faults]) => {
      const members = faults.filter((fault) => all.has(fault));
      const here = members.filter((fault) => met.has(fault));
      const missing = members.filter((fault) => !met.has(fault));
      if (here.length <= missing.length || here.length < 2) return here;
      return [[kind, ...missing].join(' but ')];
    })
    .join(', ');
}
