import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../local/instruments/seeded-random.ts';
import { RIGHTS_MS, YOUNG_KEY_MS } from '../../shared/rotation/deadlines.ts';
import { type Call, refusal } from '../support/simulation/transport.ts';
import { pause } from '../support/simulation/virtual-time.ts';
import { inWorld, type World } from '../support/simulation/world.ts';

const MINUTE_MS = 60_000;
const KEYS = ['alias/a', 'alias/b'];
const FUNCTIONS = [
  'PlanRotation',
  'ReserveQuota',
  'StartEncryption',
  'DescribeStream',
  'VerifyEncryption',
  'PlanRollback',
  'CompleteRotation',
  'SettleFailure',
];

/** Runs a story in which a call is denied, or refused by name, as this says. */
function whereDenied<Result>(
  refusalOf: (call: Call) => boolean | string,
  story: (world: World) => Promise<Result>,
): Promise<Result> {
  return inWorld(
    {
      seed: 1,
      replay: 'npx vitest run test/simulation/rights.test.ts',
      skews: () => [0],
      updateMs: () => 3_000,
      boundaries: { orders: { KeyIds: KEYS } },
      faultOf: (call) => {
        const refused = refusalOf(call);
        if (refused === false) return undefined;
        if (typeof refused === 'string') return refusal(refused);
        const isProbe = call.operation === 'PutRecord';
        return refusal(`${isProbe ? 'KMS' : ''}AccessDeniedException`);
      },
    },
    async (world) => {
      world.keys.ensure(...KEYS);
      world.kinesis.create('orders');
      return story(world);
    },
  );
}

/** Rotates to a key, and says how that ended and how long it took. */
async function rotate(world: World, KeyId = KEYS[0]) {
  return run(world, { KeyId });
}

async function run({ executions, kinesis }: World, request: object) {
  const since = Date.now();
  const { starts } = kinesis.stream('orders');
  const before = starts.length;
  const execution = executions.start('orders', {
    StreamName: 'orders',
    ...request,
  });
  await executions.idle();
  const { result } = execution;
  return {
    Status: result?.Status,
    Error: result && 'Error' in result ? result.Error : undefined,
    Output: result && 'Output' in result ? result.Output : undefined,
    seconds: (Date.now() - since) / 1000,
    starts: starts.slice(before).map(({ keyId }) => keyId),
  };
}

let world: World | undefined;
/** The key that the stream of the story is under. */
const keyOf = () => world?.kinesis.stream('orders').current?.keyId;

describe('rights that are not effective yet', () => {
  it('of every role, 3 minutes late: the first rotation waits for them', async () => {
    const start = { at: Number.NaN };
    const ended = await whereDenied(
      () => Date.now() < start.at + 3 * MINUTE_MS,
      async (world) => {
        start.at = Date.now();
        return rotate(world);
      },
    );
    expect(ended).toMatchObject({ Output: { Outcome: 'ROTATED' } });
    expect(ended.starts).toEqual(['alias/a']);
    expect(ended.seconds).toBeGreaterThan(180);
    expect(ended.seconds).toBeLessThan(240);
  });

  it.each(Array.from({ length: 20 }, (_, i) => i + 1))(
    'of each role at a time of its own, within five minutes, seed %s',
    async (seed) => {
      const random = new SeededRandom(seed);
      const arrival = Object.fromEntries(
        FUNCTIONS.map((name) => [
          name,
          random.between(0, RIGHTS_MS - MINUTE_MS),
        ]),
      );
      const start = { at: Number.NaN };
      const ended = await whereDenied(
        ({ by }) => Date.now() < start.at + (arrival[by.functionName] ?? 0),
        async (world) => {
          start.at = Date.now();
          return rotate(world);
        },
      );
      expect(ended).toMatchObject({ Output: { Outcome: 'ROTATED' } });
      expect(ended.starts).toEqual(['alias/a']);
    },
  );

  it('that come 10 minutes late: the rotation fails under the name of AWS, and moves nothing', async () => {
    const start = { at: Number.NaN };
    const ended = await whereDenied(
      () => Date.now() < start.at + 10 * MINUTE_MS,
      async (world) => {
        start.at = Date.now();
        return rotate(world);
      },
    );
    expect(ended).toMatchObject({
      Error: 'AccessDeniedException',
      starts: [],
    });
  });

  it.each<[string, string, number]>([
    ['PlanRotation', 'alias/a', 20],
    ['StartEncryption, which compares the key with the ring', 'the ARN', 20],
  ])('on keys, of %s: it waits for them', async (name, text, seconds) => {
    let until = Number.NaN;
    const ended = await whereDenied(
      ({ by, operation }) =>
        operation === 'DescribeKey' &&
        name.startsWith(by.functionName) &&
        Date.now() < until,
      async (world) => {
        until = Date.now() + seconds * 1000;
        const isArn = text === 'the ARN';
        return rotate(world, isArn ? world.keys.find('alias/a')?.Arn : text);
      },
    );
    expect(ended).toMatchObject({ Output: { Outcome: 'ROTATED' } });
    expect(ended.seconds).toBeGreaterThan(seconds);
  });

  it('on keys, of PlanRollback: the stream returns once they are there', async () => {
    let denials = 0;
    const ended = await whereDenied(
      ({ by, operation }) => {
        if (operation === 'PutRecord') {
          return keyOf() === KEYS[1] ? 'KMSDisabledException' : false;
        }
        return (
          by.functionName === 'PlanRollback' &&
          operation === 'DescribeKey' &&
          ++denials < 5
        );
      },
      async (its) => {
        world = its;
        await rotate(its, KEYS[0]);
        return rotate(its, KEYS[1]);
      },
    );
    expect(ended).toMatchObject({ Error: 'KMSDisabledException' });
    expect(ended.starts).toEqual(KEYS.toReversed());
    expect(denials).toBeGreaterThan(4);
  });

  it('on the key that the stream is under: a RESTORE does not move the stream', async () => {
    let until = Number.NaN;
    const ended = await whereDenied(
      ({ operation, input }) =>
        operation === 'DescribeKey' &&
        input.KeyId === KEYS[1] &&
        Date.now() < until,
      async (world) => {
        await rotate(world, KEYS[1]);
        until = Date.now() + 3 * MINUTE_MS;
        return run(world, { KeyIds: KEYS, Mode: 'RESTORE' });
      },
    );
    expect(ended).toMatchObject({ Output: { Outcome: 'UNCHANGED' } });
    expect(ended.starts).toEqual([]);
  });

  it('of the probe of a rollback: the rollback waits as well', async () => {
    let denials = Number.NaN;
    // The new key for good, the former key some minutes.
    const isDenied = ({ operation }: Call) =>
      operation === 'PutRecord' && (keyOf() === KEYS[1] || ++denials < 8);
    const ended = await whereDenied(isDenied, async (its) => {
      world = its;
      await rotate(its, KEYS[0]);
      denials = 0;
      return rotate(its, KEYS[1]);
    });
    expect(ended).toMatchObject({ Error: 'KMSAccessDeniedException' });
    expect(ended.starts).toEqual(KEYS.toReversed());
    expect(denials).toBe(8);
  });
});

describe('a denied probe', () => {
  it('is final at once where the roles have written before and the key is old', async () => {
    let isDenied = false;
    const [young, old] = await whereDenied(
      ({ operation }) => isDenied && operation === 'PutRecord',
      async (world) => {
        await rotate(world, KEYS[0]);
        isDenied = true;
        const first = await rotate(world, KEYS[1]);
        await pause(YOUNG_KEY_MS);
        return [first, await rotate(world, KEYS[1])];
      },
    );
    for (const ended of [young, old]) {
      expect(ended?.Error).toBe('KMSAccessDeniedException');
      expect(ended?.starts).toEqual([KEYS[1], KEYS[0]]);
    }
    expect(young?.seconds).toBeGreaterThan(RIGHTS_MS / 1000);
    expect(old?.seconds).toBeLessThan(60);
  });
});
