import type {
  KmsRotation,
  ReportInput,
  StreamDescription,
  StreamInput,
  StreamKey,
} from '../../../cli/report/report-input.ts';
import { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import type {
  Failure,
  Outcome,
  RollbackOutcome,
  Verification,
} from '../../../shared/contract/outcome.ts';
import type { Trigger } from '../../../shared/contract/trigger.ts';
import { AwsRefusal } from '../../../shared/errors/errors.ts';
import type { ResolvedKey } from '../../../shared/keys/key-ring.ts';
import {
  type Claim,
  emptyEntry,
  type LedgerEntry,
  type Transition,
} from '../../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../../shared/ledger/external-starts.ts';
import { reserve } from '../../../shared/ledger/reserve.ts';
import { settle } from '../../../shared/ledger/settle.ts';
import { confirm, spend } from '../../../shared/ledger/spend.ts';
import { usage } from '../../../shared/ledger/usage.ts';
import { LEASE_MS } from '../../../shared/rotation/deadlines.ts';
import { keyGuid, kmsKey, REGION } from '../aws/kms-key.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const FROM = Date.parse('2026-10-26T00:00:00.000Z');
export const NOW = Date.parse('2026-11-25T13:04:05.000Z');

const ACCOUNT = '111122223333';
const arnOfKey = (number: number) =>
  `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyGuid(number)}`;
const iso = (ms: number) => new Date(ms).toISOString();

const SCHEDULED: Trigger = {
  Source: 'schedule',
  ScheduleArn: `arn:aws:scheduler:${REGION}:${ACCOUNT}:schedule/default/kinesis-key-rotation-prod`,
};
const BY_HAND: Trigger = {
  Source: 'manual',
  Ticket: 'SEC-2291',
  CallerArn: 'arn:aws:sts::111122223333:assumed-role/Operator/j.ortega',
};
const BY_DRIFT: Trigger = {
  Source: 'alarm',
  AlarmName: 'kinesis-key-rotation-prod-drift-sessions',
  Reason: 'Threshold Crossed: 1 datapoint [1.0] was greater than 0.0.',
};

/** How a simulated rotation ends. */
type End =
  | 'ROTATED'
  | 'UNCHANGED'
  | { Error: string; Cause: string; Rollback?: RollbackOutcome['Status'] };

/** Random numbers in a range, from a seed. */
function random(seed: number) {
  const { next } = new SeededRandom(seed);
  return (from: number, to: number): number => from + next() * (to - from);
}

type Random = ReturnType<typeof random>;

/** One stream of the month, moved by the ledger's own transitions. */
class SimulatedStream {
  readonly #random: Random;
  readonly #number: number;
  readonly listed: RotationsStream;
  #entry: LedgerEntry;
  #key: string | null;
  #history: Outcome[] = [];

  constructor(
    number: number,
    listed: RotationsStream,
    key: string | null,
    random: Random,
  ) {
    this.#number = number;
    this.listed = listed;
    this.#key = key;
    this.#random = random;
    this.#entry = emptyEntry(this.arn);
  }

  get arn(): string {
    return `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/${this.listed.StreamName}`;
  }

  #keyArn(keyId: string): string {
    const at = this.listed.KeyIds.indexOf(keyId);
    return arnOfKey(this.#number * 10 + (at < 0 ? 9 : at));
  }

  /** The key after the present one. */
  next(): string {
    const { KeyIds } = this.listed;
    return KeyIds[(KeyIds.indexOf(this.#key ?? '') + 1) % KeyIds.length] ?? '';
  }

  rotate(at: number, trigger: Trigger, end: End = 'ROTATED'): void {
    const { StreamName } = this.listed;
    const previous = this.#key;
    const keyId = end === 'UNCHANGED' ? (previous ?? '') : this.next();
    const name = `${StreamName}-${at.toString(36)}`;
    const Trigger =
      trigger.Source === 'schedule'
        ? { ...trigger, ScheduledTime: iso(Math.floor(at / 60_000) * 60_000) }
        : trigger;
    const identity = {
      RotationId: `arn:aws:states:${REGION}:${ACCOUNT}:execution:kinesis-key-rotation-prod-rotate-stream:${name}`,
      StartedAt: iso(at),
      Trigger,
      StreamName,
      StreamARN: this.arn,
      EncryptionType: 'KMS' as const,
      KeyId: keyId,
      KeyArn: this.#keyArn(keyId),
      PreviousKeyId: previous,
    };
    const { RotationId } = identity;
    if (end === 'UNCHANGED') {
      this.#history.push({
        ...identity,
        Status: 'SUCCEEDED',
        Outcome: 'UNCHANGED',
        ActiveAt: null,
        VerifiedAt: iso(at + 1200),
        Verification: this.#proof(),
        Quota: usage(this.#entry, at),
      });
      return;
    }
    const fail = (failure: Partial<Failure>, now: number): void => {
      const { SlotsSpent, Quota } = this.#apply(
        settle(this.#entry, RotationId, now),
      );
      this.#history.push({
        ...identity,
        Status: 'FAILED',
        Error: 'InternalError',
        Cause: '',
        ...failure,
        SlotsSpent,
        Quota,
      });
    };
    const refused = this.#start(identity, previous, at);
    if (refused) {
      fail({ Error: 'QuotaExhausted', Cause: refused }, at + 900);
      return;
    }
    const active = at + this.#random(4_000, 40_000);
    const verified = active + this.#random(5_100, 6_000);
    if (typeof end === 'object') {
      const { Rollback: status, ...failure } = end;
      if (status !== 'ROLLED_BACK') {
        fail(
          {
            ...failure,
            ...(status && {
              Rollback: {
                Status: status,
                Cause: `${previous} has KeyState Disabled; use an Enabled key`,
              },
            }),
          },
          verified,
        );
        if (status) this.#key = keyId;
        return;
      }
      const back = {
        KeyId: previous ?? '',
        KeyArn: this.#keyArn(previous ?? ''),
      };
      this.#start({ ...identity, ...back }, keyId, verified);
      const again = verified + this.#random(4_000, 40_000);
      fail(
        {
          ...failure,
          Outcome: 'ROLLED_BACK',
          Rollback: {
            Status: 'ROLLED_BACK',
            ...back,
            ActiveAt: iso(again),
            VerifiedAt: iso(again + 5_400),
            Verification: this.#proof(),
          },
        },
        again + 5_500,
      );
      return;
    }
    this.#key = keyId;
    const { Quota } = this.#apply(settle(this.#entry, RotationId, verified));
    this.#history.push({
      ...identity,
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      ActiveAt: iso(active),
      VerifiedAt: iso(verified),
      Verification: this.#proof(),
      Quota,
    });
  }

  /** Reserves, spends and confirms; why not, for people. */
  #start(
    {
      RotationId,
      StartedAt,
      KeyId,
      KeyArn,
    }: Pick<Claim, 'RotationId' | 'StartedAt' | 'KeyId' | 'KeyArn'>,
    previous: string | null,
    at: number,
  ): string | undefined {
    const reservation = this.#apply(
      reserve(
        this.#entry,
        {
          RotationId,
          StartedAt,
          KeyId,
          KeyArn,
          PreviousKeyId: previous,
          PreviousKeyArn: previous && this.#keyArn(previous),
          LastAppliedAt: this.#entry.LastApplied?.AppliedAt ?? null,
          LeaseMs: LEASE_MS,
        },
        at + 300,
      ),
    );
    if (reservation.Status !== 'GRANTED') {
      return 'NextAvailableAt' in reservation
        ? `StreamName "${this.listed.StreamName}" has used 25 of 25 keys in 24 hours; the next slot is free at ${reservation.NextAvailableAt}`
        : reservation.Status;
    }
    const { SlotId } = reservation;
    this.#apply(spend(this.#entry, RotationId, SlotId, at + 500, at + 10_500));
    const AppliedAt = at + 700;
    this.#apply(
      confirm(
        this.#entry,
        RotationId,
        SlotId,
        { KeyId, KeyArn, AppliedAt },
        `request-${AppliedAt}`,
      ),
    );
    return undefined;
  }

  /** Another principal applies a key in the console, and CloudTrail reports it. */
  startExternally(at: number, keyId: string, By: string): void {
    this.#key = keyId;
    const At = Math.floor(at / 1000) * 1000;
    this.#apply(
      recordExternalStart(
        this.#entry,
        { RequestId: `request-${at}`, KeyId: keyId, At, By },
        at + 200_000,
      ),
    );
  }

  /** Another principal moves the stream, and CloudTrail does not report it. */
  moveUnseen(keyId: string | null): void {
    this.#key = keyId;
  }

  #proof(): Verification {
    const digits = Array.from({ length: 4 }, () =>
      String(Math.floor(this.#random(1e11, 9e11))),
    );
    return {
      ShardId: `shardId-00000000000${Math.floor(this.#random(0, 4))}`,
      SequenceNumber: `4968${digits.join('')}`,
      EncryptionType: 'KMS',
    };
  }

  #apply<Answer>({ answer, entry }: Transition<Answer>): Answer {
    if (entry) this.#entry = entry;
    return answer;
  }

  input(now?: StreamDescription): StreamInput {
    const KeyId = this.#key;
    return {
      StreamName: this.listed.StreamName,
      StreamARN: this.arn,
      description:
        now ??
        (KeyId === null
          ? { EncryptionType: 'NONE' }
          : { EncryptionType: 'KMS', KeyId }),
      KeyArn: KeyId === null ? undefined : this.#keyArn(KeyId),
      ledgerEntry: this.#entry,
      history: this.#history,
      listed: this.listed,
      ring: this.#ring(),
      keys: this.#keys(),
    };
  }

  #ring(): ResolvedKey[] {
    return this.listed.KeyIds.map((KeyId, at) => ({
      KeyId,
      Metadata: this.#metadata(at),
    }));
  }

  #metadata(at: number) {
    const number = this.#number * 10 + at;
    return kmsKey(number, {
      Arn: arnOfKey(number),
      AWSAccountId: ACCOUNT,
      CreationDate: new Date(FROM - (this.#number * 20 + at * 400) * DAY),
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
    });
  }

  /** Every third key rotates itself; KMS denies the question about another third. */
  #keys(): StreamKey[] {
    const rotations: KmsRotation[] = [
      { status: 'OFF' },
      { status: 'ON', periodInDays: 365, nextAt: NOW + this.#number * DAY },
      {
        status: 'UNKNOWN',
        reason:
          'AccessDeniedException: not authorized to perform: kms:GetKeyRotationStatus',
      },
    ];
    const rotation = rotations[this.#number % 3] ?? { status: 'OFF' };
    const ring = this.#ring().map((key) => ({ ...key, rotation }));
    const KeyId = this.#key;
    if (KeyId === null || this.listed.KeyIds.includes(KeyId)) return ring;
    const Refusal = new AwsRefusal(
      'AccessDeniedException',
      `KeyId "${KeyId}": not authorized to perform: kms:DescribeKey`,
    );
    const reason = `${Refusal.name}: ${Refusal.message}`;
    const present = { KeyId, Refusal };
    return [...ring, { ...present, rotation: { status: 'UNKNOWN', reason } }];
  }
}

/** Name, letters of the ring, Schedule, hour of the day. */
type Row = [string, string, string | undefined];

const DAILY = 'cron(0 3 * * ? *)';
const WEEKLY = 'cron(30 4 ? * MON *)';
const ROWS: Row[] = [
  ['audit-log', 'ab', DAILY],
  ['carts', 'ab', WEEKLY],
  ['catalog-changes', 'abc', WEEKLY],
  ['clickstream', 'abc', DAILY],
  ['customer-profiles', 'ab', WEEKLY],
  ['deliveries', 'ab', WEEKLY],
  ['emails', 'ab', 'rate(7 days)'],
  ['fraud-signals', 'abcd', DAILY],
  ['inventory', 'ab', 'cron(0 5 1 * ? *)'],
  ['invoices', 'ab', WEEKLY],
  ['legacy-import', 'ab', undefined],
  ['loyalty-points', 'ab', WEEKLY],
  ['orders', 'ab', DAILY],
  ['payments', 'ab', WEEKLY],
  ['pricing', 'ab', WEEKLY],
  ['refunds', 'ab', WEEKLY],
  ['search-index', 'ab', 'cron(0 2 ? * 2#1 *)'],
  ['sessions', 'ab', WEEKLY],
  ['telemetry', 'ab', WEEKLY],
  ['warehouse', 'ab', WEEKLY],
];

const accessDenied = (name: string) => ({
  Error: 'KMSAccessDeniedException',
  Cause: `StreamName "${name}": User arn:aws:sts::111122223333:assumed-role/kinesis-key-rotation-prod-verify is not authorized to perform kms:GenerateDataKey on alias/${name}-b`,
});

/**
 * A month of 20 streams, as records and entries of a ledger: seeded, and made
 * by the ledger's own transitions, so that its numbers fit. Failing ones:
 * clickstream runs out of quota, payments rolls back every week, and telemetry
 * could not be rolled back once.
 */
export function simulatedMonth(seed = 1): ReportInput {
  const next = random(seed);
  const jitter = () => next(2_000, 55_000);
  const streams = new Map(
    ROWS.map(([StreamName, letters, Schedule], number) => {
      const KeyIds = [...letters].map((one) => `alias/${StreamName}-${one}`);
      const isNew = StreamName === 'emails';
      const entry: RotationsStream = {
        StreamName,
        KeyIds,
        ...(Schedule !== undefined && { Schedule, MaximumWindowInMinutes: 15 }),
      };
      return [
        StreamName,
        new SimulatedStream(
          number + 1,
          entry,
          isNew ? null : (KeyIds[0] ?? null),
          next,
        ),
      ];
    }),
  );
  const of = (name: string) => streams.get(name) as SimulatedStream;

  const events: { at: number; run: () => void }[] = [];
  const on = (day: number, hour: number, run: (at: number) => void) => {
    const at = FROM + day * DAY + hour * HOUR + jitter();
    if (at < NOW) events.push({ at, run: () => run(at) });
  };
  const every = (name: string, first: number, days: number, hour: number) => {
    for (let day = first; day <= 30; day += days) {
      on(day, hour, (at) => of(name).rotate(at, SCHEDULED));
    }
  };
  const scheduled = (name: string) =>
    streams.get(name)?.listed.Schedule ?? 'none';

  for (const [name] of ROWS) {
    if (['payments', 'telemetry', 'warehouse', 'refunds'].includes(name)) {
      continue;
    }
    if (scheduled(name) === DAILY) every(name, 0, 1, 3);
    if (scheduled(name) === WEEKLY) every(name, 0, 7, 4.5);
  }
  every('emails', 2, 7, 9);
  on(6, 5, (at) => of('inventory').rotate(at, SCHEDULED));
  on(7, 2, (at) => of('search-index').rotate(at, SCHEDULED));

  // The key of payments has a policy that shuts the writers out.
  for (const day of [0, 7, 14, 21, 28]) {
    on(day, 4.5, (at) =>
      of('payments').rotate(at, SCHEDULED, {
        ...accessDenied('payments'),
        Rollback: 'ROLLED_BACK',
      }),
    );
  }
  // A script went round in a loop.
  for (let turn = 0; turn < 29; turn++) {
    on(22, 6 + turn / 5, (at) =>
      of('clickstream').rotate(at, {
        ...BY_HAND,
        Ticket: 'none',
        CallerArn: 'arn:aws:sts::111122223333:assumed-role/deploy-bot/loop',
      }),
    );
  }
  for (const day of [0, 7]) {
    on(day, 4.5, (at) => of('telemetry').rotate(at, SCHEDULED));
  }
  on(14, 4.5, (at) =>
    of('telemetry').rotate(at, SCHEDULED, {
      ...accessDenied('telemetry'),
      Rollback: 'IMPOSSIBLE',
    }),
  );
  on(14, 7, (at) => of('telemetry').rotate(at, BY_HAND));
  for (const day of [21, 28]) {
    on(day, 4.5, (at) => of('telemetry').rotate(at, SCHEDULED));
  }
  // Its schedule was switched off after the second week.
  for (const day of [0, 7]) {
    on(day, 4.5, (at) => of('warehouse').rotate(at, SCHEDULED));
  }
  for (const day of [0, 7, 14, 21, 28]) {
    on(day, 4.5, (at) =>
      of('refunds').rotate(at, SCHEDULED, day === 14 ? 'UNCHANGED' : 'ROTATED'),
    );
  }
  on(11, 14, (at) => of('orders').rotate(at, BY_HAND));
  on(18, 3.2, () => of('sessions').moveUnseen(null));
  on(18, 4, (at) => of('sessions').rotate(at, BY_DRIFT));
  on(16, 10, () => of('deliveries').moveUnseen('alias/deliveries-b'));
  on(30, 9, (at) =>
    of('customer-profiles').startExternally(
      at,
      'alias/breakglass',
      'arn:aws:sts::111122223333:assumed-role/Admin/m.keller',
    ),
  );
  on(12, 8, (at) => of('legacy-import').rotate(at, BY_HAND));
  on(24, 9, () => of('legacy-import').moveUnseen(null));

  for (const { run } of events.sort((a, b) => a.at - b.at)) run();
  const unseen: StreamDescription = {
    Error: 'AccessDeniedException',
    Cause:
      'StreamName "pricing": not authorized to perform kinesis:DescribeStreamSummary',
  };
  return {
    generatedAt: NOW,
    from: FROM,
    to: NOW,
    region: REGION,
    account: ACCOUNT,
    stage: 'prod',
    tableName: 'kinesis-key-rotation-prod-ledger',
    version: '0.1.0',
    configuration: {
      rotations: {
        status: 'READ',
        path: 'rotations.yml',
        sha256: 'a1'.repeat(32),
      },
      template: {
        status: 'READ',
        stackId: `arn:aws:cloudformation:${REGION}:${ACCOUNT}:stack/kinesis-key-rotation-prod/7f3c`,
        updatedAt: iso(FROM - DAY),
        sha256: 'b2'.repeat(32),
      },
    },
    coverage: {
      status: 'LISTED',
      streams: ROWS.length + 3,
      notManaged: [
        {
          StreamName: 'scratch',
          description: { EncryptionType: 'NONE' },
        },
        {
          StreamName: 'partner-feed',
          description: { EncryptionType: 'KMS', KeyId: 'alias/aws/kinesis' },
        },
        { StreamName: 'vault', description: unseen },
      ],
    },
    streams: [...streams].map(([name, stream]) =>
      stream.input(name === 'pricing' ? unseen : undefined),
    ),
  };
}
