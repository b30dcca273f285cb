import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  firstCallTables,
  processorShare,
} from '../../../bench/subjects/first-calls.ts';
import { ROTATION_EVENTS } from '../../../bench/subjects/rotation-events.ts';
import { BARE, firstCall, IDLE } from '../../../bench/support/first-call.ts';
import { buildFunctions } from '../../../stack/bundling/function-build.ts';
import { sourceFile } from '../../../stack/names.ts';

const NAMES = Object.keys(ROTATION_EVENTS);

let directory: string;

/** The path of a function in a file of its own. */
async function write(name: string, code: string): Promise<string> {
  const path = join(directory, `${name}.cjs`);
  await writeFile(path, code);
  return path;
}

/** As PlanRotation's: functions/plan-rotation.ts. */
const sourceOf = (name: string) =>
  sourceFile(
    `functions/${name.replace(/\B[A-Z]/g, '-$&').toLowerCase()}.handler`,
  );

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'first-calls-'));
});

afterAll(() => rm(directory, { recursive: true }));

it('every function of a rotation that goes well gets as far as a call', async () => {
  const built = await buildFunctions(NAMES.map(sourceOf));
  for (const name of NAMES) {
    // No ring bounds a stream that rotations.yml does not list.
    const code = built
      .get(sourceOf(name))
      ?.code.replace(/["'`]<stream boundaries>["'`]/, '"{}"');
    const call = firstCall(
      await write(name, code ?? ''),
      ROTATION_EVENTS[name],
    );
    await expect(call, name).resolves.toMatchObject({
      cpuMs: expect.any(Number),
    });
  }
});

it('they are Tasks of the state machine', async () => {
  const { States } = JSON.parse(
    await readFile('statemachines/rotate-stream.asl.json', 'utf8'),
  );
  for (const name of NAMES) expect(States[name]?.Type, name).toBe('Task');
});

it('a call arrives without the SDK, and none of a function that does nothing', async () => {
  const [bare, idle] = [await write('bare', BARE), await write('idle', IDLE)];
  await expect(firstCall(bare, {})).resolves.toHaveProperty('loadedCpuMs');
  await expect(firstCall(bare, {}, { isIdle: true })).rejects.toThrow();
  await expect(firstCall(idle, {}, { isIdle: true })).resolves.toHaveProperty(
    'cpuMs',
  );
  await expect(firstCall(idle, {})).rejects.toThrow('made no call');
});

it('a function gets its share of one processor, and uses no second one', () => {
  expect(processorShare(512)).toBeCloseTo(0.289, 3);
  expect(processorShare(1769)).toBe(1);
  expect(processorShare(3538)).toBe(1);
});

it('sums up the calls, beside as many of the two floors', () => {
  const starts = (name: string, cpuMs: number) => ({
    name,
    loadedCpuMs: cpuMs / 2,
    cpuMs,
    wallMs: cpuMs,
  });
  const [calls, targets] = firstCallTables({
    memoryMb: 1769,
    starts: [starts('One', 60), starts('Two', 100)],
    cached: [starts('One', 50), starts('Two', 90)],
    bare: starts('bare', 50),
    idle: starts('idle', 20),
  });
  expect(calls?.rows.map((row) => row.slice(2, 4))).toEqual([
    ['60', '0.38'],
    ['100', '0.63'],
    ['160', '1.00'],
    ['140', '0.88'],
    ['100', '0.63'],
    ['40', '0.25'],
  ]);
  expect(targets?.rows[0]?.slice(1, 3)).toEqual(['1.60', '2']);
});
