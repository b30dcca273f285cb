import fc from 'fast-check';
import { expect } from 'vitest';

/** What Step Functions and EventBridge hand over at most. */
const PAYLOAD = 262_144;

/** SOAK=1 takes twenty times as many. */
export function runs(numRuns: number): { numRuns: number } {
  return { numRuns: process.env.SOAK ? numRuns * 20 : numRuns };
}

const TEXTS = [
  '',
  'x'.repeat(PAYLOAD),
  'é'.repeat(PAYLOAD / 2),
  '9'.repeat(5000),
  '\ud800',
  'a\udfff',
  '\0',
  '\u001b[2J\u001b[31mred',
  '\u009b31mred',
  '\u202egnirts\u202c',
  '\u2066\u2069\u200b\ufeff\u{e0041}',
  'a\u2028b\u2029c',
  'x\r\n{"level":"INFO","message":"forged"}\n',
  '${AWS::AccountId}',
  '${self:custom.rotations}',
  '{{resolve:ssm-secure:/secret}}',
  '$.Plan.KeyId',
  '$$.Execution.Id',
  'attribute_exists(#status) OR Version = :version',
  '../../../etc/passwd',
  '..',
  'file:///%00',
  '__proto__',
  'constructor',
  `arn:aws${'-'.repeat(4000)}:kinesis:us-east-1:000000000000:stream/s`,
  `arn:aws:kinesis:${'a'.repeat(4000)}:000000000000:stream/s`,
  `arn:aws${'-'.repeat(100_000)}:kms:us-east-1:000000000000:alias/a`,
  `arn:aws:kms:us-east-1:000000000000:${'key/'.repeat(50_000)}`,
  `arn:aws:states:us-east-1:000000000000:execution:m:${'x'.repeat(5000)}`,
  `alias/${'/'.repeat(100_000)}`,
  `${'A'.repeat(PAYLOAD - 1)}!`,
  '9999-12-31T23:59:59Z',
  '-271821-04-20T00:00:00Z',
];

export const hostileText = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme', maxLength: 300 }),
);

const hostileKey = fc.oneof(
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', ''),
  hostileText,
);

/** Sets what JSON.parse sets: of an object, `__proto__` is a field like any other. */
function setField(owner: object, field: string, value: unknown): void {
  Object.defineProperty(owner, field, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

const nested = (depth: number, open: string, close: string) =>
  JSON.parse(`${open.repeat(depth)}0${close.repeat(depth)}`);

/** Each made again when it is asked for: some are large. */
const STRUCTURES: (() => unknown)[] = [
  () => nested(3000, '[', ']'),
  () => nested(120_000, '[', ']'),
  () => nested(20_000, '{"a":', '}'),
  () => nested(2000, '{"__proto__":', '}'),
  () => Array.from({ length: 60_000 }, (_, i) => i),
  () => Array.from({ length: 1000 }, (_, i) => `alias/${i}`),
  () => Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [i, i])),
  () => JSON.parse('{"__proto__":{"polluted":true},"Source":"manual"}'),
  () => JSON.parse('{"constructor":{"prototype":{"polluted":true}}}'),
  () => ({ Source: 'manual', ['x'.repeat(70_000)]: 1 }),
  () => ({ Source: 'manual', tiny: 1e-200, small: 5e-324 }),
  () => ({ PartitionKey: '\ud800', Data: '' }),
];

/** A JSON value that means harm, or is merely unexpected. */
const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(null, true, 0, -0, 1e308, 5e-324, -1, 2 ** 53, 1.5),
  fc.constantFrom(...STRUCTURES).map((make) => make()),
  fc.jsonValue({ stringUnit: 'binary' }),
  fc.dictionary(hostileKey, fc.constantFrom(null, 1, 'x', '\u001b'), {
    maxKeys: 5,
    noNullPrototype: true,
  }),
);

type Path = readonly string[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, part]) =>
    pathsOf(part, [...path, key]),
  );
  return [path, ...inner];
}

interface Change {
  path: Path;
  how: 'replace' | 'remove' | 'add';
  key: string;
  value: unknown;
}

function changed(sample: unknown, { path, how, key, value }: Change): unknown {
  if (how === 'replace' && path.length === 0) return value;
  const copy = structuredClone(sample);
  const at = how === 'add' ? path : path.slice(0, -1);
  const owner = at.reduce<unknown>(
    (part, step) => (part as Record<string, unknown>)?.[step],
    copy,
  );
  if (typeof owner !== 'object' || owner === null) return value;
  const field = path.at(-1) ?? '';
  // JSON knows neither a gap in an array nor a named field of one.
  if (Array.isArray(owner)) {
    if (how === 'add') owner.push(value);
    else if (how === 'remove') owner.splice(Number(field), 1);
    else owner[Number(field)] = value;
  } else if (how === 'add') setField(owner, key, value);
  else if (how === 'remove') Reflect.deleteProperty(owner, field);
  else setField(owner, field, value);
  return copy;
}

/** A valid document with one thing wrong, anywhere; or nothing like it. */
export function hostileVariant(sample: unknown): fc.Arbitrary<unknown> {
  const change = fc.record<Change>({
    path: fc.constantFrom(...pathsOf(sample)),
    how: fc.constantFrom('replace', 'replace', 'remove', 'add'),
    key: hostileKey,
    value: hostileValue,
  });
  return fc.oneof(
    { weight: 8, arbitrary: change.map((one) => changed(sample, one)) },
    { weight: 1, arbitrary: hostileValue },
  );
}

/** Longest message of an error of ours. */
const MESSAGE = 4096;
/**
 * Processor time of this thread, which other threads and processes do not add
 * to. The most that any input has taken is 60 ms; steps that grow as the square
 * of the largest payload take tens of seconds.
 */
const MILLISECONDS = 2000;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const prototype = () => Object.getOwnPropertyNames(Object.prototype).join();
const untouched = prototype();

/**
 * What a task threw, if it did: an error that people can be shown, of one of
 * these names.
 */
export async function refusalOf(
  task: () => unknown,
  isNamed: (name: string) => boolean,
): Promise<Error | undefined> {
  const begin = process.threadCpuUsage();
  let refusal: Error | undefined;
  try {
    await task();
  } catch (error) {
    refusal = error as Error;
  }
  const { user } = process.threadCpuUsage(begin);
  expect(user / 1000).toBeLessThan(MILLISECONDS);
  expect(prototype()).toBe(untouched);
  if (refusal === undefined) return undefined;
  const { name, message } = refusal;
  expect(isNamed(name), `${name}: ${message.slice(0, 300)}`).toBe(true);
  expect(message).not.toMatch(UNPRINTABLE);
  expect(message.length).toBeLessThanOrEqual(MESSAGE);
  return refusal;
}
