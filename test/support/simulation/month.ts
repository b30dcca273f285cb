import type { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import { CLOCK_MARGIN_MS } from '../../../shared/ledger/window.ts';
import type { Execution } from './executions.ts';
import { ACCOUNT, REGION, streamArn } from './kinesis-model.ts';
import { type Call, type Fault, refusal } from './transport.ts';
import { pause } from './virtual-time.ts';
import { inWorld, type World } from './world.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Who else applies keys to a stream: nobody; others, and CloudTrail tells of
 * each; others, and CloudTrail does not tell of all.
 */
const KINDS = ['ours', 'ours', 'reported', 'unreported'] as const;
type Kind = (typeof KINDS)[number];

export interface MonthOptions {
  seed: number;
  replay: string;
  days: number;
  streams: number;
  /** Of a thousand calls, those that meet a fault. */
  faultsPerMille: number;
}

export interface Month {
  /** Of all that happened. */
  digest: string;
  rotations: number;
  starts: number;
  /** REVERTs that moved a stream. */
  reverts: number;
  /** How many ended how. */
  outcomes: Record<string, number>;
}

/**
 * Days of all that can happen to streams: triggers of every kind, several at
 * once and twice, stopped and redriven executions, keys that are disabled and
 * aliases that are pointed elsewhere, other people's Starts, and faults.
 *
 * @throws {Error} when a promise is broken
 */
export function simulateMonth(options: MonthOptions): Promise<Month> {
  const { seed, replay, faultsPerMille } = options;
  return inWorld(
    {
      seed,
      replay,
      skews: drawSkews,
      alarmState: (random) => (random.chance(0.02) ? 'ALARM' : 'OK'),
      faultOf: (call, random) => drawFault(call, random, faultsPerMille),
      updateMs: drawUpdateMs,
      refusedPerMille: faultsPerMille / 4,
    },
    async (world) => {
      const end = Date.now() + options.days * DAY_MS;
      const streams = Array.from({ length: options.streams }, (_, n) =>
        openStream(world, n),
      );
      world.onStart = (name, { requestId, keyId, at, rotationId }) => {
        const kind = streams.find((stream) => stream.name === name)?.kind;
        if (kind === undefined || kind === 'ours') return;
        const isTold = kind === 'reported' || world.random.chance(0.7);
        if (!isTold) return;
        const report = { name, requestId, keyId, at, by: rotationId };
        world.executions.goOn(reportStart(world, report));
      };
      await Promise.all(
        streams.flatMap((stream) => [
          triggerUntil(end, world, stream),
          disturbUntil(end, world, stream),
        ]),
      );
      await world.executions.idle();
      for (const { name } of streams) world.invariants.atEnd(name);
      return summary(world, streams);
    },
  );
}

/**
 * Clocks that are as far apart as they may be, AWS's own among them: theirs is
 * somewhere in the range, and some of the others are at its ends.
 */
function drawSkews(random: SeededRandom): number[] {
  const slowest = -random.pick([
    0,
    CLOCK_MARGIN_MS,
    random.between(0, CLOCK_MARGIN_MS),
  ]);
  const fastest = slowest + CLOCK_MARGIN_MS;
  return [slowest, fastest, 0, random.between(slowest, fastest)];
}

/** Mostly seconds; AWS says that it "can take minutes". */
function drawUpdateMs(random: SeededRandom): number {
  const draw = random.next();
  if (draw < 0.85) return random.between(300, 15_000);
  if (draw < 0.998) return random.between(15 * SECOND_MS, 4 * MINUTE_MS);
  return random.between(50 * MINUTE_MS, 70 * MINUTE_MS);
}

const FAULTS: readonly Fault[] = [
  'connection refused',
  'dropped before',
  'dropped after',
  'answered late',
  'failed before',
  'failed after',
  'killed before',
  'killed after',
];
const THROTTLES: Record<Call['service'], Fault> = {
  KINESIS: refusal('LimitExceededException'),
  DYNAMODB: refusal('ProvisionedThroughputExceededException'),
  KMS: refusal('ThrottlingException'),
  CLOUDWATCH: refusal('ThrottlingException'),
  EVENTBRIDGE: refusal('ThrottlingException'),
};

/** Starts meet more of them, and keys turn out to be none of Kinesis's. */
function drawFault(
  { service, operation }: Call,
  random: SeededRandom,
  perMille: number,
): Fault | undefined {
  const isStart = operation === 'StartStreamEncryption';
  if ((isStart || operation === 'PutRecord') && random.chance(0.03)) {
    return refusal('KMSAccessDeniedException');
  }
  const weight = isStart ? 4 : 1;
  if (!random.chance((weight * perMille) / 1000)) return undefined;
  return random.chance(0.15) ? THROTTLES[service] : random.pick(FAULTS);
}

/** How many keys the rings have, in turn. */
const RING_LENGTHS = [3, 1, 4, 1];

interface TrafficStream {
  name: string;
  kind: Kind;
  ring: string[];
  /** A key outside the ring, to which the only alias of a ring may be pointed. */
  spare: string;
  /** Executions that were stopped and may be redriven. */
  stopped: Execution[];
}

function openStream(world: World, n: number): TrafficStream {
  const name = `stream-${n}`;
  const { keys, kinesis } = world;
  kinesis.create(name);
  const createKey = (at: number) => {
    const id = `${n}${at}`.padStart(12, '0');
    return keys.create({ KeyId: `00000000-0000-4000-8000-${id}` }).Arn;
  };
  const ring = Array.from({ length: RING_LENGTHS[n % 4] ?? 1 }, (_, at) => {
    const alias = `alias/${name}-${at}`;
    keys.setAlias(alias, createKey(at));
    return alias;
  });
  const kind = KINDS[n % KINDS.length] ?? 'ours';
  return { name, kind, ring, spare: createKey(9), stopped: [] };
}

async function triggerUntil(
  end: number,
  world: World,
  stream: TrafficStream,
): Promise<void> {
  const { random } = world;
  while (Date.now() < end) {
    await pause(gapMs(random));
    const request = drawRequest(world, stream);
    const times = random.chance(0.15) ? random.between(2, 4) : 1;
    for (let time = 0; time < times; time++) {
      const execution = world.executions.start(stream.name, request);
      if (random.chance(0.08))
        world.executions.goOn(stopSome(world, stream, execution));
      // At once, while the first one runs, or after it.
      await pause(
        random.pick([0, 0, random.between(1, 40_000), 3 * MINUTE_MS]),
      );
    }
  }
}

/** Bursts that use the quota up, and hours in which little happens. */
function gapMs(random: SeededRandom): number {
  return random.chance(0.7)
    ? random.between(0, 3 * MINUTE_MS)
    : random.between(10 * MINUTE_MS, 3 * HOUR_MS);
}

function drawRequest(
  { random, keys }: World,
  { name, ring }: TrafficStream,
): Record<string, unknown> {
  const common = {
    StreamName: name,
    OnQuotaExhausted: random.chance(0.6) ? 'WAIT' : 'FAIL',
    ...(random.chance(0.1) && { KeepSlotForRollback: true }),
    ...(random.chance(0.1) && {
      BakeMinutes: random.between(1, 10),
      BakeAlarms: ['errors'],
    }),
  };
  const Source = random.pick(['schedule', 'manual', 'manual', 'alarm']);
  const Trigger = { Source };
  switch (Source) {
    case 'schedule':
      return { ...common, KeyIds: ring, Trigger };
    case 'alarm':
      return {
        ...common,
        KeyIds: ring,
        Mode: random.pick(['RESTORE', 'REVERT']),
        Trigger,
      };
  }
  const alias = random.pick(ring);
  const { Arn, KeyId } = keys.get(alias);
  return {
    ...common,
    KeyId: random.pick([alias, alias, Arn, KeyId]),
    ...(random.chance(0.1) && { Force: true }),
    Trigger,
  };
}

/** Stops an execution somewhere, and redrives some that were stopped. */
async function stopSome(
  world: World,
  { stopped }: TrafficStream,
  execution: Execution,
): Promise<void> {
  const { random, executions } = world;
  await pause(random.between(0, random.pick([3_000, 30_000, HOUR_MS])));
  execution.stop();
  if (execution.status !== 'ABORTED') return;
  stopped.push(execution);
  // At once, after it was settled, and when its lease has run out.
  await pause(random.pick([50, 20_000, 10 * MINUTE_MS, 2 * HOUR_MS, DAY_MS]));
  if (random.chance(0.6) && execution.status === 'ABORTED') {
    executions.redrive(execution);
  }
}

/** What else happens to a stream, its keys and its aliases. */
async function disturbUntil(
  end: number,
  world: World,
  stream: TrafficStream,
): Promise<void> {
  const { random, keys } = world;
  while (Date.now() < end) {
    await pause(random.between(MINUTE_MS, 8 * HOUR_MS));
    const alias = random.pick(stream.ring);
    const draw = random.next();
    if (draw < 0.25) {
      const { Arn } = keys.get(alias);
      keys.update(Arn, { KeyState: 'Disabled', Enabled: false });
      await pause(random.between(SECOND_MS, 20 * MINUTE_MS));
      keys.update(Arn, { KeyState: 'Enabled', Enabled: true });
    } else if (draw < 0.5) {
      // Elsewhere for a while; for good, all would be one key in the end.
      const own = keys.get(alias).Arn;
      const others = stream.ring.length > 1 ? stream.ring : [stream.spare];
      keys.setAlias(alias, keys.get(random.pick(others)).Arn);
      await pause(random.between(SECOND_MS, 5 * HOUR_MS));
      keys.setAlias(alias, own);
    } else if (stream.kind !== 'ours') {
      const request = { StreamName: stream.name, KeyId: alias };
      world.kinesis.answer('StartStreamEncryption', request);
    }
  }
}

interface Report {
  name: string;
  requestId: string;
  keyId: string;
  at: number;
  by?: string;
}

/** A Start of which CloudTrail reports, as EventBridge delivers it. */
export function cloudTrailEvent({ name, requestId, keyId, at, by }: Report) {
  return {
    account: ACCOUNT,
    detail: {
      eventName: 'StartStreamEncryption',
      eventTime: new Date(at).toISOString().replace(/\.\d+/, ''),
      awsRegion: REGION,
      requestID: requestId,
      userIdentity: { arn: by ?? 'arn:aws:iam::000000000000:user/terraform' },
      requestParameters: { streamARN: streamArn(name), keyId },
    },
  };
}

/** CloudTrail tells of a Start after minutes, and sometimes twice. */
async function reportStart(world: World, report: Report): Promise<void> {
  const { random, invoke, invariants } = world;
  const { name, requestId } = report;
  const event = cloudTrailEvent(report);
  for (let times = random.chance(0.1) ? 2 : 1; times > 0; times--) {
    await pause(random.between(2 * MINUTE_MS, 15 * MINUTE_MS));
    for (let isBooked = false; !isBooked; ) {
      isBooked = await invoke('RecordExternalStart', event, {
        stream: name,
      }).then(
        () => true,
        () => false,
      );
      if (!isBooked) await pause(MINUTE_MS);
    }
    invariants.onBooked(requestId);
  }
}

function summary(world: World, streams: readonly TrafficStream[]): Month {
  const outcomes: Record<string, number> = {};
  let reverts = 0;
  for (const { request, result } of world.executions.all) {
    const output = result as { Output?: { Outcome: string }; Error?: string };
    const name = output.Output?.Outcome ?? output.Error ?? '';
    outcomes[name] = (outcomes[name] ?? 0) + 1;
    if (request.Mode === 'REVERT' && name === 'ROTATED') reverts++;
  }
  const starts = streams.map(({ name }) => world.kinesis.stream(name).starts);
  return {
    digest: world.journal.digest(),
    rotations: world.executions.all.length,
    starts: starts.flat().length,
    reverts,
    outcomes,
  };
}
