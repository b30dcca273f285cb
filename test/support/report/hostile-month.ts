import type { ReportInput } from '../../../cli/report/report-input.ts';
import type { Outcome } from '../../../shared/contract/outcome.ts';
import { simulatedMonth } from './simulated-month.ts';

/** Values as nobody should ever send them, and how a report shows them. */
export const HOSTILE = [
  {
    Value: `<script>alert(1)</script>`,
    Shown: `<script>alert(1)</script>`,
  },
  {
    Value: `"><img src=x onerror=alert(2)>`,
    Shown: `"><img src=x onerror=alert(2)>`,
  },
  { Value: `' onclick='alert(3)`, Shown: `' onclick='alert(3)` },
  { Value: '&lt;b&gt;&#x3c;', Shown: '&lt;b&gt;&#x3c;' },
  {
    Value: ']]></style></title></svg><!-- ',
    Shown: ']]></style></title></svg><!--',
  },
  {
    Value: 'delivered\u202egpj.exe\u0000\u200b',
    Shown: 'delivered\\u{202e}gpj.exe\\u{0}\\u{200b}',
  },
  { Value: 'w'.repeat(900), Shown: 'w'.repeat(900) },
  { Value: 'lone \ud800 half', Shown: 'lone \ufffd half' },
] as const;

/** A month in which every text that anybody can write is one of these. */
export function hostileMonth(
  values: readonly string[] = HOSTILE.map(({ Value }) => Value),
): ReportInput {
  const month = simulatedMonth();
  let at = 0;
  const next = () => values[at++ % values.length] ?? '';
  return {
    ...month,
    Region: next(),
    Account: next(),
    Stage: next(),
    TableName: next(),
    Version: next(),
    Streams: month.Streams.slice(0, 14).map((stream) => ({
      ...stream,
      StreamName: next(),
      StreamARN: next(),
      KeyArn: next(),
      Now:
        at % 3 === 0
          ? { Error: next(), Cause: next() }
          : { EncryptionType: 'KMS', KeyId: next() },
      Entry: {
        ...stream.Entry,
        Slots: stream.Entry.Slots.map((slot) => ({
          ...slot,
          RotationId: next(),
          KeyId: next(),
          RequestId: next(),
        })),
      },
      Listed: stream.Listed && {
        ...stream.Listed,
        KeyIds: [next(), next()],
        Timezone: next(),
      },
      History: stream.History.map(
        (outcome) =>
          ({
            ...outcome,
            RotationId: next(),
            Trigger: { Source: next(), [next()]: next() },
            KeyId: next(),
            KeyArn: next(),
            PreviousKeyId: next(),
            ...(outcome.Status === 'FAILED'
              ? {
                  Error: next(),
                  Cause: next(),
                  Rollback: { Status: 'FAILED', Cause: next() },
                }
              : {
                  Verification: {
                    ShardId: next(),
                    SequenceNumber: next(),
                    EncryptionType: 'KMS',
                  },
                }),
          }) as Outcome,
      ),
    })),
  };
}
