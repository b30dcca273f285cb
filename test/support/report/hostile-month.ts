import type { ReportInput } from '../../../cli/report/report-input.ts';
import type { Outcome } from '../../../shared/contract/outcome.ts';
import { AwsRefusal } from '../../../shared/errors/errors.ts';
import { simulatedMonth } from './simulated-month.ts';

/** Hostile values, and how a report shows them. */
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

/** A month in which every text from outside is one of these. */
export function hostileMonth(
  values: readonly string[] = HOSTILE.map(({ Value }) => Value),
): ReportInput {
  const month = simulatedMonth();
  let at = 0;
  const next = () => values[at++ % values.length] as string;
  return {
    ...month,
    region: next(),
    account: next(),
    stage: next(),
    tableName: next(),
    version: next(),
    configuration: {
      rotations: { status: 'READ', path: next(), sha256: next() },
      template: {
        status: 'READ',
        stackId: next(),
        updatedAt: next(),
        sha256: next(),
      },
    },
    coverage: {
      status: 'LISTED',
      streams: 20,
      notManaged: [
        { StreamName: next(), description: { Error: next(), Cause: next() } },
        {
          StreamName: next(),
          description: { EncryptionType: 'KMS', KeyId: next() },
        },
      ],
    },
    streams: month.streams.slice(0, 14).map((stream) => ({
      ...stream,
      StreamName: next(),
      StreamARN: next(),
      KeyArn: next(),
      keys: [
        {
          KeyId: next(),
          Metadata: {
            KeyId: next(),
            Arn: next(),
            AWSAccountId: next(),
            CreationDate: new Date(month.from),
            Origin: next() as 'AWS_KMS',
            KeyManager: next() as 'AWS',
            KeyState: next() as 'Enabled',
          },
          rotation: { status: 'UNKNOWN', reason: next() },
        },
        {
          KeyId: next(),
          Refusal: new AwsRefusal(next(), next()),
          rotation: { status: 'OFF' },
        },
      ],
      description:
        at % 3 === 0
          ? { Error: next(), Cause: next() }
          : { EncryptionType: 'KMS', KeyId: next() },
      ledgerEntry: {
        ...stream.ledgerEntry,
        Slots: stream.ledgerEntry.Slots.map((slot) => ({
          ...slot,
          RotationId: next(),
          KeyId: next(),
          RequestId: next(),
        })),
      },
      listed: stream.listed && {
        ...stream.listed,
        KeyIds: [next(), next()],
        Timezone: next(),
      },
      history: stream.history.map(
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
