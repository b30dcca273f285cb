import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, type Table, targetTable } from '../section.ts';
import type {
  CrashRun,
  Traits,
  WindowRun,
} from '../subjects/limiter-probes.ts';
import { measureInProcess } from '../support/child-process.ts';

/** Reservations at the same time, spread over some streams. */
export interface Contention {
  ledger: string;
  contenders: number;
  streams: number;
  /** DynamoDB calls of a reservation, on average. */
  callsEach: number;
  perSecond: number;
  granted: number;
  /** Reservations that lost too many races. */
  gaveUp: number;
}

export interface LedgerData {
  contentions: Contention[];
  windows: WindowRun[];
  crashes: CrashRun[];
  traits: Traits[];
}

/** Whether it does it, with the number that shows it. */
const does = (isDone: boolean, count: number) =>
  `${isDone ? 'yes' : 'no'} (${count})`;

/** What each limiter does and does not do, from what the run measured. */
function traitTable({
  contentions,
  windows,
  crashes,
  traits,
}: LedgerData): Table {
  const rows: [string, (trait: Traits) => string][] = [
    [
      `at most ${QUOTA_LIMIT} keys in any rolling 24 h: keys in the worst`,
      ({ ledger }) => {
        const run = windows.find((one) => one.ledger === ledger);
        return run ? does(run.beyond === 0, run.mostInWindow) : '';
      },
    ],
    [
      'one rotation of a stream at a time: granted of 1000 at once',
      ({ ledger }) => {
        const crowd = contentions.find(
          (one) =>
            one.ledger === ledger &&
            one.contenders === 1000 &&
            one.streams === 1,
        );
        return crowd ? does(crowd.granted === 1, crowd.granted) : '';
      },
    ],
    [
      'recognizes a rotation that requests again: slots after two requests',
      ({ repeated }) => does(repeated === 1, repeated),
    ],
    [
      'returns the slot of a Start that AWS refused: slots after it',
      ({ refused }) => does(refused === 0, refused),
    ],
    [
      'counts an external Start, reported twice, once: slots after it',
      ({ external }) =>
        external === null
          ? 'no (no way to report it)'
          : does(external === 1, external),
    ],
    [
      'remembers each rotation for 24 h: slots 2 h after one, and 25 h after an earlier one',
      ({ remembered }) => does(remembered === 1, remembered),
    ],
    [
      'keeps the slot of a Start whose execution crashed and was cleaned up: slots after it',
      ({ ledger }) => {
        const started = crashes.find(
          (one) => one.ledger === ledger && one.isStarted,
        );
        const cleaned = started?.used.cleaned ?? Number.NaN;
        return does(cleaned === 1, cleaned);
      },
    ],
    [
      'what its item holds after a rotation',
      ({ attributes }) => attributes.toSorted().join(', '),
    ],
    [
      'DynamoDB calls of a rotation, from its request to its end',
      ({ calls }) => String(calls),
    ],
  ];
  return {
    title: 'What each limiter does and does not do',
    head: ['', ...traits.map(({ ledger }) => ledger)],
    rows: rows.map(([name, cell]) => [name, ...traits.map(cell)]),
  };
}

const granted = (isGranted: boolean) => (isGranted ? 'granted' : 'refused');

function crashTable(crashes: readonly CrashRun[]): Table {
  return {
    title:
      'What a crashed holder leaves: slots that count, without and with the clean-up of its execution',
    head: [
      'limiter',
      'crash',
      'at once',
      'after 1 h',
      'after 25 h',
      'after the clean-up',
      'next request at once',
      'next request after 1 h',
    ],
    rows: crashes.map(({ ledger, isStarted, used, isNextGranted }) => [
      ledger,
      isStarted ? 'after the Start' : 'before the Start',
      String(used.atOnce),
      String(used.afterHour),
      String(used.nextDay),
      String(used.cleaned),
      granted(isNextGranted.atOnce),
      granted(isNextGranted.afterHour),
    ]),
  };
}

const isOurs = ({ ledger }: { ledger: string }) => ledger === 'ledger';

export const LEDGER: Section<LedgerData> = {
  name: 'ledger',
  title: 'The ledger',
  measure: () => measureInProcess<LedgerData>('ledger'),
  tables: (data) => {
    const { contentions, windows, crashes } = data;
    const { reserveCalls, contendedReserveCalls, grantsBeyond } = BUDGETS;
    const { beyond = Number.NaN } = windows.find(isOurs) ?? {};
    const callsEach = (contenders: number) =>
      contentions.find(
        (one) =>
          isOurs(one) && one.contenders === contenders && one.streams === 1,
      )?.callsEach ?? Number.NaN;
    return [
      {
        title: 'Reservations, all requested at once',
        head: [
          'limiter',
          'contenders',
          'DynamoDB calls each',
          'per second',
          'granted',
          'gave up',
        ],
        rows: contentions.map((one) => [
          one.ledger,
          `${one.contenders} on ${one.streams === 1 ? '1 stream' : `${one.streams} streams`}`,
          one.callsEach.toFixed(2),
          one.perSecond.toFixed(0),
          String(one.granted),
          String(one.gaveUp),
        ]),
      },
      {
        title: 'Keys granted to one stream over five days',
        head: [
          'limiter',
          'requested',
          'granted',
          'most in any rolling 24 h',
          `beyond ${QUOTA_LIMIT}`,
        ],
        rows: windows.map((run) => [
          run.ledger,
          String(run.wanted),
          String(run.granted),
          String(run.mostInWindow),
          String(run.beyond),
        ]),
      },
      crashTable(crashes),
      traitTable(data),
      targetTable([
        ['DynamoDB calls, alone', callsEach(1), reserveCalls],
        ['DynamoDB calls, 100 at once', callsEach(100), contendedReserveCalls],
        [`keys beyond ${QUOTA_LIMIT}`, beyond, grantsBeyond],
      ]),
    ];
  },
  plot: ({ windows }) => ({
    title: 'Keys granted in the worst rolling 24 hours',
    kind: 'bars',
    x: windows.map(({ ledger }) => ledger),
    xLabel: '',
    yLabel: 'keys',
    series: [
      {
        name: 'most in any rolling 24 h',
        values: windows.map(({ mostInWindow }) => mostInWindow),
      },
    ],
    mark: { value: QUOTA_LIMIT, name: 'quota' },
  }),
};
