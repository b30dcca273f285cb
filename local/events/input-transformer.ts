import { quote } from '../../shared/errors/text.ts';
import { fieldOf } from '../../shared/json.ts';
import { TemplateError } from './template.ts';

/** What a rule's target says of its input, intrinsics resolved. */
export interface TargetInput {
  /** A constant, as JSON. */
  Input?: string;
  /** The part of the event that the target receives. */
  InputPath?: string;
  InputTransformer?: {
    InputPathsMap?: Record<string, string>;
    InputTemplate: string;
  };
}

/** The values of the predefined variables of the rule. */
export interface MatchedRule {
  name: string;
  arn: string;
  /** When EventBridge received the event, ISO 8601. */
  ingestionTime: string;
}

/**
 * What EventBridge gives a target: a constant, a part of the event, what the
 * input transformer makes of it, or else the event itself.
 *
 * @throws {TemplateError} when that would be no JSON, which no function and no
 *   state machine takes
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function targetInput(
  { Input, InputPath, InputTransformer }: TargetInput,
  event: object,
  rule: MatchedRule,
): unknown {
  if (InputTransformer) return transform(InputTransformer, event, rule);
  if (Input !== undefined) return parseInput(Input, 'Input');
  if (InputPath === undefined) return event;
  const part = valueAt(InputPath, event);
  if (part !== undefined) return part;
  throw new TemplateError(`InputPath ${quote(InputPath)} finds nothing`);
}

/**
 * Reads what a target is given.
 *
 * @throws {TemplateError} when it is not JSON; `hint` says why that may be
 */
export function parseInput(json: string, field: string, hint = ''): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    const { message } = error as Error;
    throw new TemplateError(
      `${field} makes ${quote(json)}, which is not JSON: ${message}${hint}`,
    );
  }
}

/** An escape, a string's beginning or end, or a placeholder. */
const TOKEN = /\\[\s\S]|"|<([\w.-]+)>/g;

function transform(
  {
    InputPathsMap = {},
    InputTemplate,
  }: NonNullable<TargetInput['InputTransformer']>,
  event: object,
  rule: MatchedRule,
): unknown {
  const values = variables(InputPathsMap, event, rule);
  const missing: string[] = [];
  let isInString = false;
  const json = InputTemplate.replace(TOKEN, (token, name?: string) => {
    if (token === '"') isInString = !isInString;
    if (name === undefined) return token;
    if (!values.has(name)) {
      throw new TemplateError(
        `InputTemplate has ${token}, and InputPathsMap has no ${quote(name)}; known are ${[...values.keys()].join(', ')}`,
      );
    }
    const value = values.get(name);
    if (value === undefined) {
      missing.push(`${token}, ${InputPathsMap[name]}, finds nothing`);
      return '';
    }
    // Nothing is escaped within a string.
    return isInString && typeof value === 'string'
      ? value
      : JSON.stringify(value);
  });
  const hint = ['EventBridge drops such an event silently', ...missing]
    .map((text) => `; ${text}`)
    .join('');
  return parseInput(json, 'InputTemplate', hint);
}

/** Undefined is one whose path finds nothing. */
function variables(
  paths: Record<string, string>,
  event: object,
  rule: MatchedRule,
): Map<string, unknown> {
  const { detail: _, ...envelope } = event as { detail?: unknown };
  return new Map<string, unknown>([
    ...Object.entries(paths).map(([name, path]): [string, unknown] => [
      name,
      valueAt(path, event),
    ]),
    ['aws.events.rule-name', rule.name],
    ['aws.events.rule-arn', rule.arn],
    ['aws.events.event.ingestion-time', rule.ingestionTime],
    ['aws.events.event', envelope],
    ['aws.events.event.json', event],
  ]);
}

const PATH = /^\$(?:\.[\w/-]+|\[\d+\])*$/;
const STEP = /\.([\w/-]+)|\[(\d+)\]/g;

/** The value at a path such as `$.detail.list[0].x`; undefined if absent. */
function valueAt(path: string, event: object): unknown {
  if (!PATH.test(path)) {
    throw new TemplateError(
      `The path ${quote(path)} is not known here; known are paths as $.detail.list[0].name`,
    );
  }
  return [...path.matchAll(STEP)].reduce<unknown>(
    (value, [, name, at]) =>
      name === undefined ? elementAt(value, Number(at)) : fieldOf(value, name),
    event,
  );
}

function elementAt(value: unknown, at: number): unknown {
  return Array.isArray(value) ? value[at] : undefined;
}
