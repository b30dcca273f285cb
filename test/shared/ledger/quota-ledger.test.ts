import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import {
  afterAll,
  beforeAll,
  describe,
  expect,
  it,
  onTestFinished,
  vi,
} from 'vitest';
import type { Failure, Success } from '../../../shared/contract/outcome.ts';
import { RotationError } from '../../../shared/errors/errors.ts';
import { wholeSecond } from '../../../shared/events/iso-time.ts';
import type { Claim } from '../../../shared/ledger/entry.ts';
import { LEDGER_RECORD } from '../../../shared/ledger/ledger-reader.ts';
import { QuotaLedger } from '../../../shared/ledger/quota-ledger.ts';
import { QUOTA_LIMIT, SLOT_MS } from '../../../shared/ledger/window.ts';
import {
  type LedgerTable,
  openLedgerTable,
} from '../../support/aws/ledger-table.ts';
import { recordsOf } from '../../support/aws/records-of.ts';

const TABLE = 'ledger';
const T0 = Date.parse('2026-01-01T00:00:00.000Z');
const DAY = 86_400_000;
const LEASE = 60_000;

let table: LedgerTable;
let client: DynamoDBClient;
let streams = 0;
let now = T0;

const OUTCOME: Failure = {
  RotationId: 'arn:aws:states:us-east-1:1:execution:rotate-stream:lost',
  StartedAt: new Date(T0).toISOString(),
  Status: 'FAILED',
  Error: 'StreamBusy',
  Cause: 'busy',
};

const newStream = () =>
  `arn:aws:kinesis:us-east-1:123456789012:stream/s${++streams}`;
const newLedger = (retries?: number) =>
  new QuotaLedger(client, TABLE, { now: () => now, retries });

const claim = (
  RotationId: string,
  LastAppliedAt: number | null = null,
  KeyArn = `arn:${RotationId}`,
): Claim => ({
  RotationId,
  StartedAt: new Date(T0).toISOString(),
  KeyId: 'alias/a',
  KeyArn,
  PreviousKeyId: null,
  PreviousKeyArn: null,
  LastAppliedAt,
  LeaseMs: LEASE,
});

/** What a rotation does in the ledger, from its reservation to its end. */
async function rotate(ledger: QuotaLedger, stream: string, name: string) {
  const { LastApplied } = await ledger.read(stream);
  const reservation = await ledger.reserve(
    stream,
    claim(name, LastApplied?.AppliedAt ?? null),
  );
  if (reservation.Status !== 'GRANTED') return reservation.Status;
  await ledger.spend(stream, name, reservation.SlotId, 10_000);
  const key = { KeyId: 'alias/a', KeyArn: `arn:${name}` };
  await ledger.confirm(stream, name, reservation.SlotId, key, `req-${name}`);
  await ledger.settle(stream, name);
  return 'ROTATED';
}

/** A client whose writes arrive, and whose first answers to them do not. */
function losingAnswers(answers = 1) {
  const lossy = new DynamoDBClient();
  let lost = 0;
  lossy.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const result = await next(args).catch((error: Error) => error);
        const isWrite = commandName === 'PutItemCommand';
        if (!isWrite || lost >= answers) {
          if (result instanceof Error) throw result;
          return result;
        }
        lost++;
        throw Object.assign(new Error('socket hang up'), {
          name: 'TimeoutError',
        });
      },
    { step: 'deserialize', priority: 'high' },
  );
  return { client: lossy, lost: () => lost };
}

beforeAll(async () => {
  table = await openLedgerTable(TABLE);
  client = table.client;
});

afterAll(() => table.close());

describe('QuotaLedger', () => {
  it('grants one of many simultaneous reservations', async () => {
    const stream = newStream();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, i) =>
        newLedger().reserve(stream, claim(`r${i}`)),
      ),
    );
    const granted = answers.filter((answer) => answer.Status === 'GRANTED');
    expect(granted).toHaveLength(1);
    const { Slots, Lease } = await newLedger().read(stream);
    expect(Slots).toHaveLength(1);
    expect(Lease?.RotationId).toBe(Slots[0]?.RotationId);
  });

  it('refuses after 25, and grants again when a slot is free', async () => {
    const stream = newStream();
    const ledger = newLedger();
    now = T0;
    for (let i = 0; i < QUOTA_LIMIT; i++) {
      expect(await rotate(ledger, stream, `r${i}`)).toBe('ROTATED');
      now += 1000;
    }
    expect(await ledger.usage(stream)).toEqual({
      Limit: 25,
      Used: 25,
      Remaining: 0,
      NextAvailableAt: wholeSecond(T0 + SLOT_MS),
    });
    expect(await rotate(ledger, stream, 'early')).toBe('QUOTA_EXHAUSTED');
    now = T0 + SLOT_MS - 1;
    expect(await rotate(ledger, stream, 'early')).toBe('QUOTA_EXHAUSTED');
    now = T0 + SLOT_MS;
    expect(await rotate(ledger, stream, 'in time')).toBe('ROTATED');
    expect(await rotate(ledger, stream, 'too many')).toBe('QUOTA_EXHAUSTED');
  });

  it('reads once and writes once without contention', async () => {
    const stream = newStream();
    const sent: string[] = [];
    const counting = new DynamoDBClient();
    counting.middlewareStack.add((next, { commandName }) => (args) => {
      sent.push(commandName ?? '');
      return next(args);
    });
    const ledger = new QuotaLedger(counting, TABLE);
    const answer = await ledger.reserve(stream, claim('r'));
    expect(sent).toEqual(['GetItemCommand', 'PutItemCommand']);
    const slotId = answer.Status === 'GRANTED' ? answer.SlotId : 0;
    sent.length = 0;
    await ledger.spend(stream, 'r', slotId, 10_000);
    await ledger.settle(stream, 'r');
    await ledger.settle(stream, 'r');
    expect(sent).toEqual([
      'GetItemCommand',
      'PutItemCommand',
      'GetItemCommand',
      'PutItemCommand',
      'GetItemCommand',
    ]);
    counting.destroy();
  });

  it('recognizes its own write when the answer was lost', async () => {
    const stream = newStream();
    const ledger = newLedger();
    const answer = await ledger.reserve(stream, claim('r'));
    const slotId = answer.Status === 'GRANTED' ? answer.SlotId : 0;
    const { client: lossy, lost } = losingAnswers();
    const spending = await new QuotaLedger(lossy, TABLE, {
      now: () => now,
    }).spend(stream, 'r', slotId, 10_000);
    expect(lost()).toBe(1);
    expect(spending).toEqual({ Status: 'SPENT' });
    lossy.destroy();
  });

  it('looks for its own write when no answer to it ever came', async () => {
    const stream = newStream();
    const { client: lossy, lost } = losingAnswers(Infinity);
    const ledger = new QuotaLedger(lossy, TABLE, { now: () => now });
    expect(await ledger.reserve(stream, claim('r'))).toMatchObject({
      Status: 'GRANTED',
    });
    expect(lost()).toBeGreaterThan(1);
    expect((await ledger.read(stream)).Version).toBe(1);
    lossy.destroy();
  });

  it('does not report a write that is not there', async () => {
    const stream = newStream();
    const down = new DynamoDBClient();
    down.middlewareStack.add((next, { commandName }) => (args) => {
      if (commandName === 'GetItemCommand') return next(args);
      throw Object.assign(new Error('down'), { name: 'TimeoutError' });
    });
    const ledger = new QuotaLedger(down, TABLE, { now: () => now });
    await expect(ledger.reserve(stream, claim('r'))).rejects.toMatchObject({
      name: 'ServiceUnavailable',
    });
    await expect(ledger.record(stream, OUTCOME)).rejects.toMatchObject({
      name: 'ServiceUnavailable',
    });
    expect((await newLedger().read(stream)).Version).toBe(0);
    down.destroy();
  });

  it('fails with nothing written when other writers keep winning', async () => {
    const stream = newStream();
    const rival = newLedger();
    let rivals = 0;
    const beaten = new DynamoDBClient();
    beaten.middlewareStack.add((next, { commandName }) => async (args) => {
      if (commandName === 'PutItemCommand') {
        await rival.confirm(
          stream,
          `rival-${++rivals}`,
          1000 + rivals,
          { KeyId: 'k', KeyArn: 'k' },
          'id',
        );
      }
      return next(args);
    });
    const ledger = new QuotaLedger(beaten, TABLE, {
      now: () => now,
      retries: 2,
    });
    const before = (await rival.read(stream)).LastApplied?.AppliedAt ?? null;
    now = before ?? now;
    await expect(
      ledger.settle(stream, 'r', {
        applied: { KeyId: 'k', KeyArn: 'k', AppliedAt: now * 2 },
      }),
    ).rejects.toMatchObject({
      name: 'LedgerContended',
      message: expect.stringContaining(`${stream} changed 3 times`),
    });
    const { Slots } = await rival.read(stream);
    expect(Slots.map((slot) => slot.RotationId)).not.toContain('r');
    beaten.destroy();
  });

  it('tries a contended write 13 times, as its docs say', async () => {
    const stream = newStream();
    const answers = { GetItemCommand: 0, PutItemCommand: 0 };
    const beaten = new DynamoDBClient({ maxAttempts: 1 });
    beaten.middlewareStack.add((_next, { commandName }) => async () => {
      answers[commandName as keyof typeof answers] += 1;
      if (commandName === 'GetItemCommand') {
        return { response: {}, output: { $metadata: {} } };
      }
      throw new ConditionalCheckFailedException({ message: '', $metadata: {} });
    });
    onTestFinished(() => beaten.destroy());
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const ledger = new QuotaLedger(beaten, TABLE);
    const reserving = ledger.reserve(stream, claim('r'));
    const refused = expect(reserving).rejects.toMatchObject({
      name: 'LedgerContended',
      message: expect.stringContaining(`${stream} changed 13 times`),
    });
    // Longer than all pauses together.
    await vi.advanceTimersByTimeAsync(60_000);
    await refused;

    expect(answers).toEqual({ GetItemCommand: 13, PutItemCommand: 13 });
  });

  it('keeps one record for each rotation, and prefers a success', async () => {
    const stream = newStream();
    const ledger = newLedger();
    now = T0;
    const identity = {
      RotationId: 'arn:aws:states:us-east-1:1:execution:rotate-stream:one',
      StartedAt: new Date(T0).toISOString(),
    };
    const failure = (Cause: string): Failure => ({
      ...identity,
      Status: 'FAILED',
      Error: 'StreamBusy',
      Cause,
    });
    const records = () => recordsOf(client, TABLE, stream);

    const keep = (outcome: Failure | Success, how?: 'IF_NEW' | 'IF_FAILED') =>
      ledger.record(stream, outcome, how);

    const first = failure('first');
    expect(await keep(first, 'IF_NEW')).toBe(first);
    expect(await keep(failure('second'), 'IF_NEW')).toMatchObject(first);
    expect(await records()).toMatchObject([first]);
    const third = failure('third');
    expect(await keep(third, 'IF_FAILED')).toBe(third);
    expect(await records()).toMatchObject([third]);
    const success = { ...identity, Status: 'SUCCEEDED' } as Success;
    expect(await keep(success)).toBe(success);
    expect(await keep(failure('late'), 'IF_FAILED')).toMatchObject(success);
    expect(await keep(failure('later'), 'IF_NEW')).toMatchObject(success);
    expect(await records()).toMatchObject([
      { Status: 'SUCCEEDED', ExpiresAt: T0 / 1000 + 400 * 86_400 },
    ]);
  });

  it('has kept a record when the answer to its write was lost', async () => {
    const stream = newStream();
    const { client: lossy, lost } = losingAnswers();
    const ledger = new QuotaLedger(lossy, TABLE, { now: () => now });
    expect(await ledger.record(stream, OUTCOME, 'IF_NEW')).toEqual(OUTCOME);
    expect(lost()).toBe(1);
    const later = { ...OUTCOME, Cause: 'later' };
    expect(await ledger.record(stream, later, 'IF_NEW')).toMatchObject(OUTCOME);
    lossy.destroy();
  });

  it('has kept a record when no answer to its write arrived', async () => {
    const stream = newStream();
    const { client: lossy, lost } = losingAnswers(Infinity);
    const ledger = new QuotaLedger(lossy, TABLE, { now: () => now });
    expect(await ledger.record(stream, OUTCOME)).toEqual(OUTCOME);
    expect(lost()).toBeGreaterThan(1);
    expect(await recordsOf(client, TABLE, stream)).toMatchObject([OUTCOME]);
    lossy.destroy();
  });

  it('says why it could not keep a record', async () => {
    const outcome = { RotationId: 'r', StartedAt: '', Status: 'FAILED' };
    const missing = new QuotaLedger(client, 'no-such-table');
    await expect(
      missing.record(newStream(), outcome as Failure),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: expect.stringContaining('no-such-table'),
    });
  });

  it('keeps a record under the time and the name of the execution', async () => {
    const stream = newStream();
    const outcome = {
      RotationId: 'arn:aws:states:us-east-1:1:execution:rotate-stream:named',
      StartedAt: '2026-01-12T03:00:00.000Z',
      Status: 'FAILED',
      Error: 'StreamBusy',
      Cause: '',
      KeyId: undefined,
    } as Failure;
    await newLedger().record(stream, outcome);
    const [record] = await recordsOf(client, TABLE, stream);
    expect(record?.Record).toBe('ROTATION#2026-01-12T03:00:00.000Z#named');
    expect(record).not.toHaveProperty('KeyId');
  });

  it('counts a call until its answer can no longer come', async () => {
    const stream = newStream();
    now = T0;
    const ledger = newLedger();
    const reserved = await ledger.reserve(stream, claim('r'));
    if (reserved.Status !== 'GRANTED') throw new Error(reserved.Status);
    await ledger.spend(stream, 'r', reserved.SlotId, 10_000);
    const { Slots } = await ledger.read(stream);
    expect(Slots).toMatchObject([{ StampedAt: T0 + 10_000 }]);
  });

  it('counts the stream as exhausted when AWS refuses', async () => {
    const stream = newStream();
    now = T0;
    const ledger = newLedger();
    const reserved = await ledger.reserve(stream, claim('r'));
    if (reserved.Status !== 'GRANTED') throw new Error(reserved.Status);
    const quota = await ledger.exhaust(stream, 'r', reserved.SlotId);
    expect(quota).toMatchObject({ Remaining: 0, UsedByOthers: QUOTA_LIMIT });
    expect(await ledger.usage(stream)).toEqual(quota);
    expect(await ledger.reserve(stream, claim('x'))).toMatchObject({
      Status: 'QUOTA_EXHAUSTED',
    });
  });

  it('names the table that it cannot write', async () => {
    const denied = new DynamoDBClient();
    denied.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName !== 'PutItemCommand') return next(args);
          throw new RotationError('ServiceUnavailable', 'down');
        },
      { step: 'initialize' },
    );
    const ledger = new QuotaLedger(denied, TABLE, { now: () => now });
    await expect(ledger.reserve(newStream(), claim('r'))).rejects.toMatchObject(
      { name: 'ServiceUnavailable' },
    );
    denied.destroy();
  });

  it('records and counts what CloudTrail reports', async () => {
    const stream = newStream();
    const ledger = newLedger();
    now = T0;
    const start = (i: number) => ({
      RequestId: `q${i}`,
      KeyId: 'alias/theirs',
      At: T0 + i * 1000,
      By: 'arn:aws:iam::123456789012:root',
    });
    const booked = await ledger.recordExternalStart(stream, start(0));
    expect(booked).toMatchObject({ Outcome: 'RECORDED', Quota: { Used: 1 } });
    const { Version } = await ledger.read(stream);
    expect((await ledger.recordExternalStart(stream, start(0))).Outcome).toBe(
      'KNOWN',
    );
    expect((await ledger.read(stream)).Version).toBe(Version);
    expect(await rotate(ledger, stream, 'between')).toBe('ROTATED');
    for (let i = 1; i < QUOTA_LIMIT; i++)
      await ledger.recordExternalStart(stream, start(i));
    expect(await ledger.usage(stream)).toMatchObject({ Used: 26 });
    expect(await rotate(ledger, stream, 'too many')).toBe('QUOTA_EXHAUSTED');
    now = T0 + 1000 + SLOT_MS;
    expect(await rotate(ledger, stream, 'in time')).toBe('ROTATED');
    expect((await ledger.recordExternalStart(stream, start(0))).Outcome).toBe(
      'TOO_OLD',
    );
  });

  it('uses a report as the answer to a call that was cut off', async () => {
    const stream = newStream();
    const ledger = newLedger();
    now = T0;
    const answer = await ledger.reserve(stream, claim('r'));
    const slotId = answer.Status === 'GRANTED' ? answer.SlotId : 0;
    await ledger.spend(stream, 'r', slotId, 10_000);
    now = T0 + 5 * 60_000;
    const start = { RequestId: 'q', KeyId: 'alias/a', At: T0, By: 'ours' };
    expect(await ledger.recordExternalStart(stream, start)).toMatchObject({
      Outcome: 'CONFIRMED',
      Quota: { Used: 1 },
    });
    expect(await ledger.spend(stream, 'r', slotId, 10_000)).toEqual({
      Status: 'ALREADY_SPENT',
      StampedAt: T0 + 1000,
      RequestId: 'q',
    });
    const key = { KeyId: 'alias/a', KeyArn: 'arn:a' };
    await ledger.confirm(stream, 'r', slotId, key, 'q');
    expect((await ledger.usage(stream)).Used).toBe(1);
  });

  it('keeps what another version of it wrote', async () => {
    const stream = newStream();
    const ledger = newLedger();
    await rotate(ledger, stream, 'first');
    const key = { StreamARN: { S: stream }, Record: { S: LEDGER_RECORD } };
    await client.send(
      new UpdateItemCommand({
        TableName: TABLE,
        Key: key,
        UpdateExpression: 'SET Later = :one, Slots[0].Later = :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      }),
    );
    await rotate(ledger, stream, 'second');
    const { Item } = await client.send(
      new GetItemCommand({ TableName: TABLE, Key: key }),
    );
    expect(Item?.Later).toEqual({ N: '1' });
    expect(Item?.Slots?.L?.map(({ M }) => M?.Later)).toEqual([
      { N: '1' },
      undefined,
    ]);
  });

  it('never lets the ledger item itself expire', async () => {
    const stream = newStream();
    await rotate(newLedger(), stream, 'r');
    const { Item = {} } = await client.send(
      new GetItemCommand({
        TableName: TABLE,
        Key: { StreamARN: { S: stream }, Record: { S: LEDGER_RECORD } },
      }),
    );
    expect(Item).not.toHaveProperty('ExpiresAt');
  });
});

interface ModelSlot {
  name: string;
  at: number;
  spent: boolean;
  known: boolean;
  /** What was applied last when it was spent. */
  after?: number;
}

/** The ledger's contract, without its representation. */
class Model {
  slots: ModelSlot[] = [];
  granted = new Map<string, ModelSlot>();
  lease: { name: string; until: number } | undefined;
  applied: number | undefined;

  #isHeldByOther(name: string): boolean {
    const { lease } = this;
    return (
      lease !== undefined && lease.name !== name && now < lease.until + 60_000
    );
  }

  #counted() {
    const holder =
      this.lease && now < this.lease.until + 60_000 ? this.lease.name : null;
    return this.slots.filter(
      (slot) =>
        now < slot.at + DAY + 60_000 && (slot.spent || slot.name === holder),
    );
  }

  used(): number {
    return this.#counted().length;
  }

  #own(name: string): ModelSlot | undefined {
    return this.slots.find((slot) => slot === this.granted.get(name));
  }

  reserve(name: string): string {
    if (this.#isHeldByOther(name)) return 'IN_PROGRESS';
    const counted = this.#counted();
    const own = counted.find(
      (slot) =>
        slot.name === name &&
        !slot.known &&
        (!slot.spent || slot.after === this.applied),
    );
    if (!own && counted.length >= 25) return 'QUOTA_EXHAUSTED';
    const granted = own ?? { name, at: now, spent: false, known: false };
    if (!granted.spent) granted.at = now;
    this.slots = own ? counted : [...counted, granted];
    this.granted.set(name, granted);
    this.lease = { name, until: now + LEASE };
    return 'GRANTED';
  }

  spend(name: string): string {
    const own = this.#own(name);
    if (own?.spent && now < own.at + DAY + 60_000) return 'ALREADY_SPENT';
    const holds = this.lease?.name === name && now < this.lease.until;
    if (!own || !holds) return 'LEASE_LOST';
    const after = this.applied;
    Object.assign(own, { spent: true, at: now + 10_000, after });
    return 'SPENT';
  }

  confirm(name: string): void {
    this.applied = now;
    const own = this.#own(name);
    if (own) Object.assign(own, { spent: true, known: true, at: now });
  }

  release(name: string): void {
    const own = this.#own(name);
    if (own) own.spent = false;
  }

  settle(name: string): void {
    if (this.lease?.name === name) this.lease = undefined;
    this.slots = this.slots.filter((slot) => slot.name !== name || slot.spent);
  }
}

describe('QuotaLedger against a plain model', () => {
  const command = fc.record({
    name: fc.constantFrom('r1', 'r2', 'r3'),
    action: fc.constantFrom('reserve', 'spend', 'confirm', 'release', 'settle'),
    wait: fc.oneof(
      { weight: 10, arbitrary: fc.constant(0) },
      { weight: 10, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
      { weight: 1, arbitrary: fc.constantFrom(LEASE, LEASE + 60_000, DAY) },
    ),
  });

  it('answers as the model does, in any order of calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 20, maxLength: 60 }),
        async (commands) => {
          const stream = newStream();
          const ledger = newLedger();
          const model = new Model();
          const slots = new Map<string, number>();
          now = T0;
          for (const { name, action, wait } of commands) {
            now += wait;
            const slotId = slots.get(name) ?? -1;
            if (action === 'reserve') {
              const { LastApplied } = await ledger.read(stream);
              const answer = await ledger.reserve(
                stream,
                claim(name, LastApplied?.AppliedAt ?? null),
              );
              expect(answer.Status).toBe(model.reserve(name));
              if (answer.Status === 'GRANTED') slots.set(name, answer.SlotId);
            } else if (action === 'spend') {
              const answer = await ledger.spend(stream, name, slotId, 10_000);
              if (!slots.has(name)) continue;
              expect(answer.Status).toBe(model.spend(name));
            } else if (action === 'settle') {
              await ledger.settle(stream, name);
              model.settle(name);
            } else if (!slots.has(name)) {
              continue;
            } else if (action === 'confirm') {
              const { Slots } = await ledger.read(stream);
              const own = Slots.find((slot) => slot.SlotId === slotId);
              if (own?.State !== 'SPENT' || own.RequestId) continue;
              const key = { KeyId: 'k', KeyArn: 'k' };
              await ledger.confirm(stream, name, slotId, key, 'id');
              model.confirm(name);
              slots.delete(name);
            } else {
              await ledger.release(stream, name, slotId, 'REFUSED');
              model.release(name);
            }
            expect((await ledger.usage(stream)).Used).toBe(model.used());
          }
        },
      ),
      { numRuns: 40, endOnFailure: true },
    );
  });

  it('holds the quota with several writers at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.array(
            fc.constantFrom(
              'applied',
              'applied',
              'refused',
              'lost',
              'abandoned',
            ),
            { minLength: 8, maxLength: 12 },
          ),
          { minLength: 4, maxLength: 4 },
        ),
        async (writers) => {
          const stream = newStream();
          now = T0;
          let calls = 0;
          let inFlight = 0;
          const rotateOnce = async (
            ledger: QuotaLedger,
            name: string,
            fate: string,
          ) => {
            const { LastApplied } = await ledger.read(stream);
            const answer = await ledger.reserve(
              stream,
              claim(name, LastApplied?.AppliedAt ?? null),
            );
            if (answer.Status !== 'GRANTED') return;
            if (fate === 'abandoned') {
              await ledger.settle(stream, name);
              return;
            }
            const { SlotId } = answer;
            const spent = await ledger.spend(stream, name, SlotId, 10_000);
            expect(spent.Status).toBe('SPENT');
            expect(++inFlight).toBe(1);
            if (fate !== 'refused') calls++;
            inFlight--;
            if (fate === 'applied') {
              const key = { KeyId: 'k', KeyArn: name };
              await ledger.confirm(stream, name, SlotId, key, name);
            } else if (fate === 'refused') {
              await ledger.release(stream, name, SlotId, 'REFUSED');
            }
            now++;
            await ledger.settle(stream, name);
          };
          await Promise.all(
            writers.map(async (fates, writer) => {
              const ledger = newLedger();
              for (const [i, fate] of fates.entries()) {
                await rotateOnce(ledger, `w${writer}-${i}`, fate);
              }
            }),
          );
          const { Slots, Lease } = await newLedger().read(stream);
          expect(calls).toBeLessThanOrEqual(QUOTA_LIMIT);
          expect(Slots).toHaveLength(calls);
          expect(Lease).toBeUndefined();
        },
      ),
      { numRuns: 15, endOnFailure: true },
    );
  });
});
