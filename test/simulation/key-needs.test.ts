import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type KeyNeed, keyNeeds } from '../../cli/keys/key-needs.ts';
import { keptReason } from '../../cli/keys/retirement.ts';
import type { StreamFacts } from '../../cli/keys/stream-facts.ts';
import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import type { Outcome } from '../../shared/contract/outcome.ts';
import { currentKey, lastAppliedTo } from '../../shared/keys/current-key.ts';
import { toSight } from '../../shared/keys/stream-sight.ts';
import { emptyEntry, type LedgerEntry } from '../../shared/ledger/entry.ts';
import { recordExternalStart } from '../../shared/ledger/external-starts.ts';
import { recordSight } from '../../shared/ledger/key-periods.ts';
import { reserve } from '../../shared/ledger/reserve.ts';
import { settle } from '../../shared/ledger/settle.ts';
import { confirm, spend } from '../../shared/ledger/spend.ts';
import { usage } from '../../shared/ledger/usage.ts';
import { LEASE_MS, QUOTA_WAIT_MS } from '../../shared/rotation/deadlines.ts';
import { keyArn, kmsKey } from '../support/aws/kms-key.ts';
import { apply, claim, DAY, HOUR, T0 } from '../support/ledger/transitions.ts';

const STREAMS = 20;
/** Of them, streams that only Kinesis knows. */
const UNMANAGED = 2;
const ALIASES = 10;
/** Aliases that are never pointed elsewhere. */
const STEADY = 4;
const RETENTIONS = [24, 24, 24, 48, 168];
const SWEEP_HOURS = 6;
/** A look may be late by a sweep, and sweeps are missed for a day. */
const LATE = (SWEEP_HOURS + 24 + 1) * HOUR + 5 * 60_000;
/** Until then an earlier version keeps no periods. */
const UPGRADE = T0 + 40 * DAY;
const YEAR_HOURS = 365 * 24;

interface Past {
  /** When a record under the key may last have been written. */
  at: number;
  /** The longest retention since. */
  hours: number;
  isOld: boolean;
}

/** One stream, its ledger entry, and every record that it keeps. */
class SimulatedStream {
  readonly StreamName: string;
  readonly StreamARN: string;
  readonly isManaged: boolean;
  readonly listed?: { KeyIds: string[] };
  entry: LedgerEntry;
  history: Outcome[] = [];
  keyId: string | undefined;
  /** The number of its key. */
  key: number | undefined;
  retention = 24;
  longest = 24;
  records: { key: number; at: number; until: number }[] = [];
  past = new Map<number, Past>();
  /** Whether its key changed by a Start that no report and no look shows yet. */
  isUnseen = false;
  #calls = 0;
  /** After a lost answer only another KeyId shows that the stream has left them. */
  readonly #keysOf = new Map<string, number[]>();

  constructor(n: number) {
    this.StreamName = `stream-${n}`;
    this.StreamARN = `arn:aws:kinesis:us-east-1:123456789012:stream/stream-${n}`;
    this.isManaged = n >= UNMANAGED;
    if (this.isManaged && n % 2)
      this.listed = { KeyIds: [`alias/${n % ALIASES}`, 'alias/0'] };
    this.entry = emptyEntry(this.StreamARN);
  }

  describe() {
    return {
      StreamStatus: 'ACTIVE' as const,
      KeyId: this.keyId,
      RetentionPeriodHours: this.retention,
      StreamCreationTimestamp: new Date(T0 - DAY),
    };
  }

  facts(now: number): StreamFacts {
    const { StreamName, StreamARN, listed, entry, history } = this;
    return {
      StreamName,
      StreamARN,
      listed,
      look: { ...this.describe(), at: now },
      record: { entry, history },
    };
  }

  /** What the sweep records. */
  look(resolve: (keyId: string) => string | undefined, now: number): void {
    if (!this.isManaged || now < UPGRADE) return;
    const stream = this.describe();
    const last = lastAppliedTo(stream, this.entry);
    const resolved = this.keyId === undefined ? undefined : resolve(this.keyId);
    const current = currentKey(this.keyId, last, resolved);
    const sight = toSight(stream, current, now);
    if (sight === undefined) throw new Error('no sight');
    this.entry = recordSight(this.entry, sight).entry ?? this.entry;
    this.isUnseen = false;
  }

  write(now: number): void {
    if (this.key === undefined) return;
    const until = now + this.retention * HOUR;
    this.records.push({ key: this.key, at: now, until });
    this.#leave(now);
  }

  #leave(now: number): void {
    const isOld = now < UPGRADE + LATE;
    for (const key of this.#keysOf.get(String(this.keyId)) ?? []) {
      this.past.set(key, { at: now, hours: this.retention, isOld });
    }
  }

  #put(keyId: string | undefined, key: number | undefined, now: number): void {
    this.#leave(now);
    const known = this.#keysOf.get(String(keyId)) ?? [];
    if (key !== undefined) this.#keysOf.set(String(keyId), [...known, key]);
    this.keyId = keyId;
    this.key = key;
    this.#leave(now);
  }

  retain(hours: number, now: number): void {
    this.retention = hours;
    this.longest = Math.max(this.longest, hours);
    this.records = this.records.filter(({ until }) => until > now);
    // A shorter retention ends older records at once.
    for (const record of this.records) record.until = record.at + hours * HOUR;
    for (const past of this.past.values()) {
      if (now > past.at + past.hours * HOUR + 2 * LATE) continue;
      past.hours = Math.max(past.hours, hours);
    }
  }

  /** A Start by another principal. */
  applyOutside(keyId: string, key: number, isReported: boolean, now: number) {
    const RequestId = `${this.StreamName}-${this.#calls++}`;
    if (isReported && this.isManaged) {
      const start = { RequestId, KeyId: keyId, At: now, By: 'someone' };
      this.entry = apply(
        this.entry,
        recordExternalStart(this.entry, start, now),
      )[1];
    }
    this.#put(keyId, key, now);
    this.isUnseen = !isReported;
  }

  switchOff(now: number): void {
    this.#put(undefined, undefined, now);
  }

  rotate(keyId: string, key: number, isLost: boolean, now: number): void {
    if (!this.isManaged) {
      this.#put(keyId, key, now);
      return;
    }
    const name = `${this.StreamName}-${this.#calls++}`;
    const before = currentKey(
      this.keyId,
      lastAppliedTo(this.describe(), this.entry),
      this.key === undefined ? undefined : keyArn(this.key),
    );
    const asked = {
      ...claim(name, this.entry),
      KeyId: keyId,
      KeyArn: keyArn(key),
      PreviousKeyId: before.KeyId,
      PreviousKeyArn: before.KeyArn,
    };
    const [granted, reserved] = apply(
      this.entry,
      reserve(this.entry, asked, now),
    );
    if (granted.Status !== 'GRANTED') throw new Error(granted.Status);
    const { SlotId } = granted;
    let entry = apply(reserved, spend(reserved, name, SlotId, now, now))[1];
    const applied = { KeyId: keyId, KeyArn: keyArn(key), AppliedAt: now };
    if (!isLost) {
      entry = apply(entry, confirm(entry, name, SlotId, applied, name))[1];
    }
    this.entry = apply(entry, settle(entry, name, now))[1];
    const time = new Date(now).toISOString();
    const record = {
      RotationId: name,
      StartedAt: time,
      StreamName: this.StreamName,
      StreamARN: this.StreamARN,
      KeyId: keyId,
      KeyArn: keyArn(key),
      EncryptionType: 'KMS' as const,
      PreviousKeyId: before.KeyId,
      Quota: usage(this.entry, now),
    };
    this.history.push(
      isLost
        ? {
            ...record,
            Status: 'FAILED',
            Error: 'StartUnconfirmed',
            Cause: '',
            SlotsSpent: 1,
          }
        : {
            ...record,
            Status: 'SUCCEEDED',
            Outcome: 'ROTATED',
            ActiveAt: time,
            VerifiedAt: null,
            Verification: null,
          },
    );
    this.#put(keyId, key, now);
    if (now < UPGRADE) {
      const { KeyPeriods: _, ...older } = this.entry;
      this.entry = older;
    }
  }
}

/** A year of an account: twenty streams, and the keys that they share. */
class SimulatedYear {
  readonly #random: SeededRandom;
  readonly streams = Array.from(
    { length: STREAMS },
    (_, n) => new SimulatedStream(n),
  );
  /** The key number of each alias. */
  readonly targets = Array.from({ length: ALIASES }, (_, n) => n);
  /** By their number. */
  readonly states = new Map<number, 'Disabled' | 'PendingDeletion'>();
  keys = ALIASES;
  now = T0;
  #missedUntil = 0;
  readonly counts = { safe: 0, needed: 0, checks: 0 };

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  #below(count: number): number {
    return Math.floor(this.#random.next() * count);
  }

  readonly resolve = (keyId: string) => {
    const target = this.targets[Number(keyId.replace('alias/', ''))];
    return target === undefined ? undefined : keyArn(target);
  };

  run(): void {
    for (const stream of this.streams) {
      const alias = this.#below(STEADY);
      stream.rotate(`alias/${alias}`, alias, false, this.now);
    }
    for (let hour = 1; hour <= YEAR_HOURS; hour++) {
      this.now += HOUR;
      if (hour % 4 === 0) for (const one of this.streams) one.write(this.now);
      this.#sweep(hour);
      if (this.#below(6) === 0) this.#act();
      if (hour % 50 === 0) this.#check();
    }
  }

  #sweep(hour: number): void {
    const isRegular = this.now > this.#missedUntil + DAY;
    if (isRegular && this.#below(24 * 14) === 0) {
      this.#missedUntil = this.now + DAY;
    }
    const isDue = hour % SWEEP_HOURS === 0 && this.now >= this.#missedUntil;
    for (const stream of this.streams) {
      if (isDue || stream.isUnseen) stream.look(this.resolve, this.now);
    }
  }

  #act(): void {
    const stream = this.streams[this.#below(STREAMS)] as SimulatedStream;
    // An alias that was pointed elsewhere says nothing of a stream without an entry.
    const alias = this.#below(stream.isManaged ? ALIASES : STEADY);
    const target = this.targets[alias] as number;
    const isNew = this.now >= UPGRADE;
    const retention = RETENTIONS[this.#below(RETENTIONS.length)] as number;
    switch (this.#below(8)) {
      case 0:
        stream.retain(retention, this.now);
        return;
      case 1: {
        const key = this.#below(this.keys);
        if (this.states.delete(key)) return;
        this.states.set(key, this.#below(2) ? 'Disabled' : 'PendingDeletion');
        return;
      }
      case 2:
        if (alias >= STEADY) this.targets[alias] = this.keys++;
        return;
      case 3:
        if (isNew) stream.switchOff(this.now);
        return;
      case 4: {
        if (!isNew) return;
        const steady = this.#below(STEADY);
        // By the name of an alias, or by a key ARN.
        if (this.#below(2)) {
          stream.applyOutside(`alias/${steady}`, steady, true, this.now);
        } else {
          stream.applyOutside(keyArn(target), target, true, this.now);
        }
        return;
      }
      case 5:
        if (isNew) {
          stream.applyOutside(keyArn(target), target, false, this.now);
        }
        return;
      default:
        // What was lost was no slot: the next rotation must find one.
        if (usage(stream.entry, this.now).Remaining < 3) return;
        stream.rotate(`alias/${alias}`, target, this.#below(4) === 0, this.now);
    }
  }

  #check(): void {
    const { now, resolve } = this;
    const facts = this.streams.map((stream) => stream.facts(now));
    const needs = keyNeeds({ streams: facts, resolve, unknown: [], now });
    this.counts.checks++;
    const shown = new Set(needs.map(({ KeyArn }) => KeyArn));
    for (const { isManaged, records } of this.streams) {
      const kept = records.filter(({ until }) => isManaged && until > now);
      for (const { key } of kept) expect(shown).toContain(keyArn(key));
    }
    for (const need of needs) {
      const number = Array.from({ length: this.keys }, (_, n) => n).find(
        (n) => keyArn(n) === need.KeyArn,
      );
      if (number === undefined) throw new Error(`${need.KeyArn} is no key`);
      this.#checkKey(number, need);
    }
  }

  #checkKey(key: number, need: KeyNeed): void {
    const { now } = this;
    const KeyState = this.states.get(key) ?? 'Enabled';
    const kept = keptReason(
      {
        ...need,
        state: {
          metadata: kmsKey(key, { KeyState, KeyManager: 'CUSTOMER' }),
          lastUsage: { status: 'NOT_KNOWN', reason: '' },
        },
        namedBy: [],
      },
      { unknownRings: [] },
    );
    const isNeeded = this.streams.some(
      (stream) =>
        stream.key === key ||
        (stream.isManaged &&
          stream.records.some((one) => one.key === key && one.until > now)),
    );
    const isSafe = need.verdict === 'NOT_NEEDED';
    if (isNeeded) {
      expect(isSafe, `${key} at ${now}: ${JSON.stringify(need)}`).toBe(false);
      expect(kept).toBeDefined();
      this.counts.needed++;
      return;
    }
    const latest = this.streams.map((stream) => {
      const { at, hours, isOld } = stream.past.get(key) ?? {
        at: 0,
        hours: 0,
        isOld: false,
      };
      const longest = isOld ? stream.longest : hours;
      const lost = isOld ? QUOTA_WAIT_MS + LEASE_MS : 0;
      return at + longest * HOUR + LATE + lost;
    });
    // Which key an alias was is not always known: it counts as each that it may be. A
    // record names the previous key by its alias alone, and the ledger may have applied
    // that key again since by its ARN.
    const isPresumed = need.uses.some(
      ({ KeyArn, IsPresumed, until = Number.POSITIVE_INFINITY }) =>
        (IsPresumed || KeyArn === undefined) && until > now,
    );
    // A failure may have applied its key until a look shows another one.
    const isLooked = now > UPGRADE + LATE + QUOTA_WAIT_MS + LEASE_MS;
    if (!isLooked || isPresumed || now <= Math.max(...latest)) return;
    expect(isSafe, `${key} at ${now}: ${JSON.stringify(need)}`).toBe(true);
    if (KeyState !== 'PendingDeletion') expect(kept).toBeUndefined();
    this.counts.safe++;
  }
}

describe('the keys of twenty streams for a year', () => {
  it('are never called safe while a record needs them, and are once none does', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
        const year = new SimulatedYear(seed);
        year.run();
        expect(year.counts.checks).toBe(Math.floor(YEAR_HOURS / 50));
        expect(year.counts.needed).toBeGreaterThan(500);
        expect(year.counts.safe).toBeGreaterThan(500);
      }),
      { numRuns: 3, endOnFailure: true },
    );
  }, 120_000);
});
