import { quote } from '../../shared/errors/text.ts';
import { fieldOf, isObject } from '../../shared/json.ts';
import { matchesPattern } from './event-pattern.ts';
import {
  parseInput,
  type TargetInput,
  targetInput,
} from './input-transformer.ts';
import {
  type PseudoParameters,
  referredResource,
  resolveIntrinsics,
  type Template,
  TemplateError,
} from './template.ts';

/** @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html */
export interface EventBridgeEvent {
  version?: string;
  id?: string;
  'detail-type': string;
  source: string;
  account: string;
  time?: string;
  region: string;
  resources?: string[];
  detail: unknown;
}

/** A target of a rule or schedule that takes an event. */
export interface FoundTrigger {
  /** Name of the rule or schedule. */
  Rule: string;
  LogicalId: string;
  /** What it starts; of a function's version or alias, the function. */
  Target: { LogicalId: string; Type: string };
  /** What the target is given. */
  Input: unknown;
}

const RULE = 'AWS::Events::Rule';
const SCHEDULE = 'AWS::Scheduler::Schedule';

/** A rule or schedule, intrinsics of its properties not yet resolved. */
interface Entry {
  id: string;
  type: string;
  properties: Record<string, unknown>;
}

/**
 * What of a template takes an event: enabled rules whose pattern matches, and
 * of EventBridge Scheduler's own event the schedule that it names. One entry a
 * target. The event says in which account and Region the template is deployed.
 *
 * @param ingestionTime when EventBridge received the event, ISO 8601
 * @throws {TemplateError} naming the rule or schedule that cannot be used
 */
export function findTriggers(
  template: Template,
  event: EventBridgeEvent,
  ingestionTime = new Date().toISOString(),
): FoundTrigger[] {
  return enabledEntries(template).flatMap((entry) =>
    about(entry, () =>
      entry.type === RULE
        ? triggersOfRule(template, entry, event, ingestionTime)
        : triggersOfSchedule(template, entry, event),
    ),
  );
}

/**
 * Why nothing takes an event, in one line: what the nearest rules want of it,
 * or, of a source that no rule is for, which sources there are.
 */
export function explainNoMatch(
  template: Template,
  event: EventBridgeEvent,
): string {
  const pseudo = pseudoOf(event);
  const entries = enabledEntries(template);
  if (isScheduled(event)) {
    const names = entries
      .filter(({ type }) => type === SCHEDULE)
      .map((entry) => about(entry, () => scheduleArn(template, entry, pseudo)));
    return `the event is of ${quote(event.resources?.[0])}, and the schedules are ${few(names)}`;
  }
  const rules = entries
    .filter(({ type }) => type === RULE)
    .map((entry) =>
      about(entry, () => {
        const resolve = resolver(template, pseudo);
        const pattern = resolve(entry.properties.EventPattern);
        const [isSource, isType] = ['source', 'detail-type'].map((field) =>
          isObject(pattern) && field in pattern
            ? matchesPattern({ [field]: pattern[field] }, event)
            : true,
        );
        return {
          name: nameOf(template, entry, pseudo),
          wants: wants(pattern, event),
          isNear: isSource && isType,
          takes: isObject(pattern)
            ? `${listOf(pattern.source)} ${listOf(pattern['detail-type'])}`.trim()
            : '',
        };
      }),
    );
  const near = rules.filter(({ isNear }) => isNear);
  if (near.length === 0) {
    return `the rules are for ${few([...new Set(rules.map(({ takes }) => takes))])}`;
  }
  const least = Math.min(...near.map((rule) => rule.wants.length));
  const nearest = near.filter((rule) => rule.wants.length === least);
  return few(
    nearest.map((rule) => `${rule.name} wants ${rule.wants.join(', and ')}`),
  );
}

function enabledEntries({ Resources }: Template): Entry[] {
  return Object.entries(Resources)
    .map(([id, { Type, Properties = {} }]) => ({
      id,
      type: Type,
      properties: Properties,
    }))
    .filter(({ type, properties: { State = 'ENABLED', EventPattern } }) => {
      // A rule's may go on with WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS.
      if (!String(State).startsWith('ENABLED')) return false;
      // A rule without a pattern has a ScheduleExpression.
      return type === SCHEDULE || (type === RULE && EventPattern !== undefined);
    });
}

function triggersOfRule(
  template: Template,
  entry: Entry,
  event: EventBridgeEvent,
  ingestionTime: string,
): FoundTrigger[] {
  const pseudo = pseudoOf(event);
  const resolve = resolver(template, pseudo);
  const { EventPattern, Targets = [] } = entry.properties;
  if (!matchesPattern(resolve(EventPattern), event)) return [];
  return (Targets as Record<string, unknown>[]).map(
    ({ Arn, Input, InputPath, InputTransformer }) => {
      const Target = targetOf(template, Arn);
      const given = resolve({ Input, InputPath, InputTransformer });
      const name = nameOf(template, entry, pseudo);
      const rule = {
        name,
        arn: `arn:${pseudo['AWS::Partition']}:events:${event.region}:${event.account}:rule/${name}`,
        ingestionTime,
      };
      return {
        Rule: name,
        LogicalId: entry.id,
        Target,
        Input: targetInput(given as TargetInput, event, rule),
      };
    },
  );
}

function triggersOfSchedule(
  template: Template,
  entry: Entry,
  event: EventBridgeEvent,
): FoundTrigger[] {
  if (!isScheduled(event)) return [];
  const pseudo = pseudoOf(event);
  const arn = scheduleArn(template, entry, pseudo);
  if (!event.resources?.includes(arn)) return [];
  const { Target } = entry.properties as { Target: Record<string, unknown> };
  const input = resolver(template, pseudo)(Target.Input);
  return [
    {
      Rule: nameOf(template, entry, pseudo),
      LogicalId: entry.id,
      Target: targetOf(template, Target.Arn),
      Input:
        input === undefined
          ? event
          : parseInput(withContext(String(input), arn, event), 'Input'),
    },
  ];
}

/** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html */
function withContext(
  input: string,
  arn: string,
  { id = '', time = '' }: EventBridgeEvent,
): string {
  return input
    .replaceAll('<aws.scheduler.schedule-arn>', () => arn)
    .replaceAll('<aws.scheduler.scheduled-time>', () => time)
    .replaceAll('<aws.scheduler.execution-id>', () => id)
    .replaceAll('<aws.scheduler.attempt-number>', '1');
}

function isScheduled(event: EventBridgeEvent): boolean {
  return (
    event.source === 'aws.scheduler' &&
    event['detail-type'] === 'Scheduled Event'
  );
}

function scheduleArn(
  template: Template,
  entry: Entry,
  pseudo: PseudoParameters,
): string {
  const { GroupName = 'default' } = entry.properties;
  const group = resolver(template, pseudo)(GroupName);
  const name = nameOf(template, entry, pseudo);
  return `arn:${pseudo['AWS::Partition']}:scheduler:${pseudo['AWS::Region']}:${pseudo['AWS::AccountId']}:schedule/${group}/${name}`;
}

function targetOf(template: Template, arn: unknown): FoundTrigger['Target'] {
  const id = referredResource(arn);
  const resource =
    id !== undefined && Object.hasOwn(template.Resources, id)
      ? template.Resources[id]
      : undefined;
  if (id === undefined || resource === undefined) {
    throw new TemplateError(
      `its target ${quote(arn)} is not a Ref or Fn::GetAtt of a resource of the template`,
    );
  }
  const { Type, Properties = {} } = resource;
  return ['AWS::Lambda::Version', 'AWS::Lambda::Alias'].includes(Type)
    ? targetOf(template, Properties.FunctionName)
    : { LogicalId: id, Type };
}

/** Where a template does not name it, AWS does, on deployment. */
function nameOf(
  template: Template,
  { id, properties }: Entry,
  pseudo: PseudoParameters,
): string {
  return String(resolver(template, pseudo)(properties.Name ?? id));
}

function pseudoOf({ account, region }: EventBridgeEvent): PseudoParameters {
  const isChina = region.startsWith('cn-');
  const isGov = region.startsWith('us-gov-');
  return {
    'AWS::AccountId': account,
    'AWS::Region': region,
    'AWS::Partition': isChina ? 'aws-cn' : isGov ? 'aws-us-gov' : 'aws',
    'AWS::URLSuffix': isChina ? 'amazonaws.com.cn' : 'amazonaws.com',
    'AWS::StackName': undefined,
  };
}

function resolver(template: Template, pseudo: PseudoParameters) {
  return (value: unknown) => resolveIntrinsics(template, value, pseudo);
}

/** Names the rule or schedule in what is wrong with it. */
function about<T>({ id }: Entry, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw new TemplateError(`${id}: ${error.message}`, { cause: error });
  }
}

/** For each field that a pattern asks for in vain, what it wants. */
function wants(pattern: unknown, event: EventBridgeEvent): string[] {
  return conditions(pattern).flatMap((path) => {
    const wanted = path.reduce(fieldOf, pattern);
    const one = path.reduceRight<unknown>(
      (inner, name) => ({ [name]: inner }),
      wanted,
    );
    if (matchesPattern(one, event)) return [];
    const found = path.reduce<unknown>(fieldOf, event);
    const has = found === undefined ? 'nothing' : quote(found);
    return [`${path.join('.')} ${listOf(wanted)}, which is ${has}`];
  });
}

/** The paths to all that a pattern asks for. */
function conditions(pattern: unknown): string[][] {
  if (!isObject(pattern)) return [[]];
  return Object.entries(pattern).flatMap(([name, inner]) =>
    conditions(inner).map((path) => [name, ...path]),
  );
}

function listOf(values: unknown): string {
  return Array.isArray(values) ? values.map(quote).join(' or ') : '';
}

function few(items: string[]): string {
  const rest = items.length - 3;
  const shown = items.slice(0, 3).join('; ');
  return rest > 0 ? `${shown}; and ${rest} more` : shown || 'none';
}
