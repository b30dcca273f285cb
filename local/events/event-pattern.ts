import { quote } from '../../shared/errors/text.ts';
import { fieldOf, isObject } from '../../shared/json.ts';
import { TemplateError } from './template.ts';

/** Whether a field's value, undefined where it is absent, matches. */
type Matcher = (value: unknown) => boolean;
/** Makes a matcher of single values from what stands behind an operator. */
type Operator = (argument: unknown, path: string) => Matcher;

/**
 * Whether a rule with this pattern takes this event. Of an array of objects,
 * one and the same element has to match all that is asked of it.
 *
 * @throws {TemplateError} whatever the event, for a pattern that EventBridge
 *   refuses or that has an operator which is not known here
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
 */
export function matchesPattern(pattern: unknown, event: unknown): boolean {
  return fieldsMatcher(pattern, 'EventPattern')(event);
}

function fieldsMatcher(pattern: unknown, path: string): Matcher {
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    throw refusal(path, pattern, 'an object with at least one field');
  }
  const matchers = Object.entries(pattern).map(([name, wanted]): Matcher => {
    const at = `${path}.${name}`;
    if (name === '$or') return alternatives(wanted, at);
    const matches = isObject(wanted)
      ? fieldsMatcher(wanted, at)
      : valuesMatcher(wanted, at);
    return (value) => matches(fieldOf(value, name));
  });
  return (value) =>
    elementsOf(value).some((object) =>
      matchers.every((matches) => matches(object)),
    );
}

function alternatives(wanted: unknown, path: string): Matcher {
  if (!Array.isArray(wanted) || wanted.length < 2) {
    throw refusal(path, wanted, 'a list of at least two patterns');
  }
  const ways = wanted.map((way) => fieldsMatcher(way, path));
  return (value) => ways.some((matches) => matches(value));
}

function valuesMatcher(wanted: unknown, path: string): Matcher {
  if (!Array.isArray(wanted) || wanted.length === 0) {
    throw refusal(path, wanted, 'an object or a list of at least one value');
  }
  const matchers = wanted.map((item): Matcher => {
    if (!isObject(item)) return isAny(equals(item, path));
    const [[operator, argument] = [''], ...others] = Object.entries(item);
    if (others.length > 0) throw refusal(path, item, 'a single operator');
    if (operator === 'exists') {
      if (typeof argument !== 'boolean') {
        throw refusal(path, item, 'true or false');
      }
      return (value) => leavesOf(value).length > 0 === argument;
    }
    return isAny(operation(OPERATORS, operator, argument, path));
  });
  return (value) => matchers.some((matches) => matches(value));
}

const isAny =
  (matches: Matcher): Matcher =>
  (value) =>
    leavesOf(value).some(matches);

const equals: Operator = (wanted, path) => {
  if (typeof wanted === 'object' && wanted !== null) {
    throw refusal(path, wanted, 'a string, a number, true, false or null');
  }
  return (value) => value === wanted;
};

/** A prefix or suffix, or `{"equals-ignore-case": ...}` of one. */
const affix =
  (compare: (value: string, wanted: string) => boolean): Operator =>
  (argument, path) => {
    if (!isObject(argument)) return ofText(compare)(argument, path);
    const { 'equals-ignore-case': wanted, ...others } = argument;
    if (Object.keys(others).length > 0) {
      throw refusal(path, argument, 'a string or equals-ignore-case');
    }
    return ofText((value, folded) => compare(fold(value), folded), fold)(
      wanted,
      path,
    );
  };

/** What works on strings, by itself and within `anything-but`. */
const TEXT_OPERATORS: Record<string, Operator> = {
  prefix: affix((value, wanted) => value.startsWith(wanted)),
  suffix: affix((value, wanted) => value.endsWith(wanted)),
  'equals-ignore-case': ofText((value, wanted) => fold(value) === wanted, fold),
  wildcard: (argument, path) => {
    const expression = wildcard(argument, path);
    return (value) => typeof value === 'string' && expression.test(value);
  },
};

const OPERATORS: Record<string, Operator> = {
  ...TEXT_OPERATORS,
  'anything-but': (argument, path) => {
    const unwanted = isObject(argument)
      ? exclude(argument, path)
      : listOf(argument).map((item) => equals(item, path));
    if (unwanted.length === 0) {
      throw refusal(path, argument, 'a list of at least one value');
    }
    return (value) => !unwanted.some((matches) => matches(value));
  },
  numeric: (argument, path) => {
    const bounds = comparisons(argument, path);
    return (value) =>
      typeof value === 'number' && bounds.every((holds) => holds(value));
  },
};

function exclude(argument: Record<string, unknown>, path: string): Matcher[] {
  const [[operator, unwanted] = [''], ...others] = Object.entries(argument);
  if (others.length > 0) throw refusal(path, argument, 'a single operator');
  return listOf(unwanted).map((item) =>
    operation(TEXT_OPERATORS, operator, item, path),
  );
}

function operation(
  known: Record<string, Operator>,
  operator: string,
  argument: unknown,
  path: string,
): Matcher {
  const create = fieldOf(known, operator) as Operator | undefined;
  if (create) return create(argument, path);
  throw new TemplateError(
    `${path}: the operator ${quote(operator)} is not known here; known are ${Object.keys(known).join(', ')}`,
  );
}

function ofText(
  compare: (value: string, wanted: string) => boolean,
  prepare: (wanted: string) => string = (wanted) => wanted,
): Operator {
  return (argument, path) => {
    if (typeof argument !== 'string') throw refusal(path, argument, 'a string');
    const wanted = prepare(argument);
    return (value) => typeof value === 'string' && compare(value, wanted);
  };
}

/** `*` matches any characters; `\*` and `\\` match themselves. */
function wildcard(argument: unknown, path: string): RegExp {
  if (typeof argument !== 'string') throw refusal(path, argument, 'a string');
  const source = argument.replace(
    /\\([\s\S]?)|\*+|[^\\*]+/g,
    (part, escaped?: string) => {
      if (part === '*') return '[^]*';
      if (part[0] === '*') throw refusal(path, argument, 'a string without **');
      if (escaped === undefined) return literal(part);
      if (escaped === '*' || escaped === '\\') return literal(escaped);
      throw refusal(path, argument, 'a string with \\ only before * or \\');
    },
  );
  return new RegExp(`^${source}$`, 'u');
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

type Comparison = (value: number) => boolean;

const COMPARISONS: Record<string, (bound: number) => Comparison> = {
  '=': (bound) => (value) => value === bound,
  '<': (bound) => (value) => value < bound,
  '<=': (bound) => (value) => value <= bound,
  '>': (bound) => (value) => value > bound,
  '>=': (bound) => (value) => value >= bound,
};

/** `["=", 5]`, or a range as `[">", 0, "<=", 5]`. */
function comparisons(argument: unknown, path: string): Comparison[] {
  const items = listOf(argument);
  const pairs = Array.from({ length: Math.ceil(items.length / 2) }, (_, at) =>
    items.slice(2 * at, 2 * at + 2),
  ).map(([sign, bound]) => {
    const create = fieldOf(COMPARISONS, String(sign)) as
      | ((bound: number) => Comparison)
      | undefined;
    if (create && typeof bound === 'number') return create(bound);
    throw refusal(path, argument, 'a range as [">", 0, "<=", 5]');
  });
  if (pairs.length === 0 || pairs.length > 2) {
    throw refusal(path, argument, 'a range as [">", 0, "<=", 5]');
  }
  return pairs;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [value];
}

/** What a field's value consists of; of a missing one, of nothing. */
function elementsOf(value: unknown): unknown[] {
  const elements = listOf(value).flat(Number.POSITIVE_INFINITY);
  return elements.length === 0 ? [undefined] : elements;
}

/** Objects are no leaves, so `exists` does not see them. */
function leavesOf(value: unknown): unknown[] {
  return elementsOf(value).filter(
    (leaf) => leaf !== undefined && !isObject(leaf),
  );
}

function fold(text: string): string {
  return text.toLowerCase();
}

function refusal(path: string, found: unknown, wanted: string): TemplateError {
  return new TemplateError(`${path}: ${quote(found)} is not ${wanted}`);
}
