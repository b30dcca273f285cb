import { QUOTA_LIMIT } from '../../shared/ledger/window.ts';
import { BUDGETS } from '../budgets.ts';
import { type Section, targetTable } from '../section.ts';
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

/** Requests for keys of one stream over days, on a virtual clock. */
export interface WindowRun {
  ledger: string;
  wanted: number;
  granted: number;
  /** In the worst rolling 24 hours. */
  mostInWindow: number;
  /** How many of these exceed the quota. */
  beyond: number;
}

export interface LedgerData {
  contentions: Contention[];
  windows: WindowRun[];
}

const isOurs = ({ ledger }: { ledger: string }) => ledger === 'ledger';

export const LEDGER: Section<LedgerData> = {
  name: 'ledger',
  title: 'The ledger',
  measure: () => measureInProcess<LedgerData>('ledger'),
  tables: ({ contentions, windows }) => {
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
