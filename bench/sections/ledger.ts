import { BUDGETS } from '../budgets.ts';
import type { Section } from '../section.ts';
import { measuredBy } from '../support/child-process.ts';
import { verdict } from '../support/statistics.ts';

/** A number of contenders at once, spread over a number of streams. */
export interface Contention {
  Ledger: string;
  Contenders: number;
  Streams: number;
  /** DynamoDB calls, on average. */
  CallsEach: number;
  PerSecond: number;
  Granted: number;
  /** Those who lost too many races. */
  GaveUp: number;
}

/** Days of wishes for keys of one stream, on a clock of its own. */
export interface WindowRun {
  Ledger: string;
  Wanted: number;
  Granted: number;
  /** In the worst rolling 24 hours. */
  MostInWindow: number;
  /** Of them, those beyond 25. */
  Beyond: number;
}

export interface LedgerData {
  Contentions: Contention[];
  Windows: WindowRun[];
}

const crowd = ({ Contenders, Streams }: Contention) =>
  `${Contenders} on ${Streams === 1 ? '1 stream' : `${Streams} streams`}`;

export const LEDGER: Section<LedgerData> = {
  Name: 'ledger',
  Title: 'The ledger',
  measure: () => measuredBy<LedgerData>('ledger'),
  tables: ({ Contentions, Windows }) => {
    const ours = Contentions.filter(({ Ledger }) => Ledger === 'ledger');
    const each = (contenders: number) =>
      ours.find(
        ({ Contenders, Streams }) => Contenders === contenders && Streams === 1,
      )?.CallsEach ?? Number.NaN;
    const beyond =
      Windows.find(({ Ledger }) => Ledger === 'ledger')?.Beyond ?? Number.NaN;
    return [
      {
        Title: 'Reservations, all asked for at once',
        Head: [
          'by',
          'contenders',
          'DynamoDB calls each',
          'a second',
          'granted',
          'gave up',
        ],
        Rows: Contentions.map((each) => [
          each.Ledger,
          crowd(each),
          each.CallsEach.toFixed(2),
          each.PerSecond.toFixed(0),
          String(each.Granted),
          String(each.GaveUp),
        ]),
      },
      {
        Title: 'Keys granted to one stream over five days',
        Head: [
          'by',
          'wanted',
          'granted',
          'most in any rolling 24 h',
          'beyond 25',
        ],
        Rows: Windows.map((run) => [
          run.Ledger,
          String(run.Wanted),
          String(run.Granted),
          String(run.MostInWindow),
          String(run.Beyond),
        ]),
      },
      {
        Title: 'Targets',
        Head: ['', 'figure', 'at most', ''],
        Rows: [
          [
            'DynamoDB calls of a reservation alone',
            each(1),
            BUDGETS.ReserveCalls,
          ] as const,
          [
            'DynamoDB calls each of 100 at once',
            each(100),
            BUDGETS.ContendedReserveCalls,
          ] as const,
          ['keys beyond 25', beyond, BUDGETS.GrantsBeyond] as const,
        ].map(([name, figure, most]) => [
          name,
          figure.toFixed(2),
          String(most),
          verdict(figure <= most),
        ]),
      },
    ];
  },
  plot: ({ Windows }) => ({
    Title: 'Keys granted in the worst rolling 24 hours',
    Kind: 'bars',
    X: Windows.map(({ Ledger }) => Ledger),
    XLabel: '',
    YLabel: 'keys',
    Series: [
      {
        Name: 'most in any rolling 24 h',
        Values: Windows.map(({ MostInWindow }) => MostInWindow),
      },
    ],
    Mark: { Value: 25, Name: 'quota' },
  }),
};
