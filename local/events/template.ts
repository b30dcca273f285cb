import { readFile } from 'node:fs/promises';
import { InputError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { isObject } from '../../shared/json.ts';

/** A CloudFormation template as a file has it, where anything may be missing. */
export interface Template {
  Resources: Record<string, Resource>;
}

interface Resource {
  Type: string;
  Properties?: Record<string, unknown>;
}

/** What CloudFormation knows of where it deploys to. */
export interface PseudoParameters {
  'AWS::AccountId': string;
  'AWS::Region': string;
  'AWS::Partition': string;
  'AWS::URLSuffix': string;
  /** Undefined where nothing says it; then no value can be made of it. */
  'AWS::StackName': string | undefined;
}

/** The packaged template cannot be used; the message says where and why. */
export class TemplateError extends InputError {
  override name = 'TemplateError';
}

/**
 * Reads the template that `npm run package` wrote.
 *
 * @throws {TemplateError} when the file is missing, or not a template
 */
export async function readTemplate(path: string): Promise<Template> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new TemplateError(
      code === 'ENOENT'
        ? `${path} does not exist; run npx kinesis-key-rotation package, which writes it`
        : `${path} cannot be read: ${message}`,
    );
  });
  let template: Partial<Template> | null;
  try {
    template = JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    throw new TemplateError(
      `${path} is not JSON: ${message}; npx kinesis-key-rotation package writes it again`,
    );
  }
  if (!template?.Resources) {
    throw new TemplateError(
      `${path} has no Resources, so it is not a CloudFormation template; npx kinesis-key-rotation package writes it again`,
    );
  }
  return template as Template;
}

type Identifier = 'Name' | 'Arn';

interface Kind {
  /** The property that names a resource. */
  property: string;
  /** The ARN, as Fn::Sub would have it. */
  arn: string;
  ref?: Identifier;
  attributes: Partial<Record<string, Identifier>>;
}

/**
 * What Ref and Fn::GetAtt give, by the type of the resource.
 *
 * @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
 */
const KINDS: Record<string, Kind> = {
  'AWS::StepFunctions::StateMachine': {
    property: 'StateMachineName',
    arn: here('states', 'stateMachine:'),
    ref: 'Arn',
    attributes: { Arn: 'Arn', Name: 'Name' },
  },
  'AWS::Lambda::Function': {
    property: 'FunctionName',
    arn: here('lambda', 'function:'),
    ref: 'Name',
    attributes: { Arn: 'Arn' },
  },
  'AWS::SNS::Topic': {
    property: 'TopicName',
    arn: here('sns', ''),
    ref: 'Arn',
    attributes: { TopicArn: 'Arn', TopicName: 'Name' },
  },
  // Its Ref is a URL.
  'AWS::SQS::Queue': {
    property: 'QueueName',
    arn: here('sqs', ''),
    attributes: { Arn: 'Arn', QueueName: 'Name' },
  },
  'AWS::Scheduler::ScheduleGroup': {
    property: 'Name',
    arn: here('scheduler', 'schedule-group/'),
    ref: 'Name',
    attributes: { Arn: 'Arn' },
  },
  'AWS::Events::Rule': {
    property: 'Name',
    arn: here('events', 'rule/'),
    ref: 'Name',
    attributes: { Arn: 'Arn' },
  },
  'AWS::DynamoDB::Table': {
    property: 'TableName',
    arn: here('dynamodb', 'table/'),
    ref: 'Name',
    attributes: { Arn: 'Arn' },
  },
  'AWS::IAM::Role': {
    property: 'RoleName',
    arn: 'arn:${AWS::Partition}:iam::${AWS::AccountId}:role${Path}${Name}',
    ref: 'Name',
    attributes: { Arn: 'Arn' },
  },
  // Deployment gives the number; the first one is 1.
  'AWS::Lambda::Version': {
    property: 'FunctionName',
    arn: `${here('lambda', 'function:')}:1`,
    ref: 'Arn',
    attributes: { FunctionArn: 'Arn' },
  },
};

function here(service: string, before: string): string {
  return `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${before}\${Name}`;
}

/**
 * Puts values in the place of Ref, Fn::GetAtt, Fn::Sub and Fn::Join, in all of
 * a value, as deploying the template would.
 *
 * @throws {TemplateError} naming what it does not know
 */
export function resolveIntrinsics(
  template: Template,
  value: unknown,
  pseudo: PseudoParameters,
): unknown {
  const resolve = (part: unknown): unknown =>
    resolveIntrinsics(template, part, pseudo);
  if (Array.isArray(value)) return value.map(resolve);
  if (!isObject(value)) return value;
  const intrinsic = intrinsicOf(value);
  if (intrinsic === undefined) {
    return Object.fromEntries(
      Object.entries(value).map(([name, part]) => [name, resolve(part)]),
    );
  }
  const [name, argument] = intrinsic;
  switch (name) {
    case 'Ref':
      return ref(template, text(argument, name), pseudo);
    case 'Fn::GetAtt': {
      const [id, attribute] = readGetAtt(argument);
      return getAtt(template, id, attribute, pseudo);
    }
    case 'Fn::Sub': {
      const [pattern, values] = Array.isArray(argument)
        ? argument
        : [argument, {}];
      const known = resolve(values) as Record<string, unknown>;
      return substitute(text(pattern, name), (variable) => {
        if (Object.hasOwn(known, variable)) {
          return text(known[variable], `${name} ${quote(variable)}`);
        }
        const [id = '', ...attribute] = variable.split('.');
        return attribute.length === 0
          ? ref(template, id, pseudo)
          : getAtt(template, id, attribute.join('.'), pseudo);
      });
    }
    case 'Fn::Join': {
      const [delimiter, parts] = Array.isArray(argument) ? argument : [];
      const texts = resolve(parts);
      if (!Array.isArray(texts)) {
        throw new TemplateError(`Fn::Join ${quote(argument)} joins no list`);
      }
      return texts.map((part) => text(part, name)).join(text(delimiter, name));
    }
  }
  throw new TemplateError(
    `${name} ${quote(argument)} is not known here; known are Ref, Fn::GetAtt, Fn::Sub and Fn::Join`,
  );
}

/**
 * The logical id of the resource that a Ref or Fn::GetAtt names; undefined for
 * anything else.
 */
export function referredResource(value: unknown): string | undefined {
  const [name, argument] = (isObject(value) && intrinsicOf(value)) || [];
  if (name === 'Ref') return text(argument, name);
  return name === 'Fn::GetAtt' ? readGetAtt(argument)[0] : undefined;
}

function intrinsicOf(
  value: Record<string, unknown>,
): [string, unknown] | undefined {
  const entries = Object.entries(value);
  const [[name, argument] = ['']] = entries;
  const isIntrinsic = name === 'Ref' || name.startsWith('Fn::');
  return entries.length === 1 && isIntrinsic ? [name, argument] : undefined;
}

function readGetAtt(argument: unknown): [string, string] {
  const parts = typeof argument === 'string' ? argument.split('.') : argument;
  const [id, ...attribute] = Array.isArray(parts) ? parts : [];
  return [text(id, 'Fn::GetAtt'), attribute.join('.')];
}

function ref(
  template: Template,
  name: string,
  pseudo: PseudoParameters,
): string {
  if (name.startsWith('AWS::')) {
    const value = pseudo[name as keyof PseudoParameters];
    if (value !== undefined) return value;
    throw new TemplateError(`Ref ${quote(name)} has no known value`);
  }
  const { Type, kind } = kindOf(template, name);
  if (kind.ref === undefined) {
    throw new TemplateError(`Ref ${quote(name)}, a ${Type}, is not known here`);
  }
  return identify(template, name, kind.ref, pseudo);
}

function getAtt(
  template: Template,
  id: string,
  attribute: string,
  pseudo: PseudoParameters,
): string {
  const { Type, kind } = kindOf(template, id);
  const identifier = kind.attributes[attribute];
  if (identifier === undefined) {
    throw new TemplateError(
      `Fn::GetAtt ${quote(`${id}.${attribute}`)} is not known here: a ${Type} has ${Object.keys(kind.attributes).join(', ')}`,
    );
  }
  return identify(template, id, identifier, pseudo);
}

function kindOf(template: Template, id: string) {
  const resource = Object.hasOwn(template.Resources, id)
    ? template.Resources[id]
    : undefined;
  if (resource === undefined) {
    throw new TemplateError(`${quote(id)} is not a resource of the template`);
  }
  const { Type, Properties = {} } = resource;
  const kind = KINDS[Type];
  if (kind === undefined) {
    throw new TemplateError(
      `${quote(id)} is a ${Type}, whose name and ARN are not known here`,
    );
  }
  return { Type, kind, Properties };
}

function identify(
  template: Template,
  id: string,
  identifier: Identifier,
  pseudo: PseudoParameters,
): string {
  const { Type, kind, Properties } = kindOf(template, id);
  const name = resolveIntrinsics(template, Properties[kind.property], pseudo);
  if (typeof name !== 'string') {
    throw new TemplateError(
      `${id}, a ${Type}, has no ${kind.property}, so its name is unknown before it is deployed; give it one`,
    );
  }
  if (identifier === 'Name') return name;
  const { Path = '/' } = Properties;
  return substitute(kind.arn, (variable) => {
    if (variable === 'Name') return name;
    return variable === 'Path'
      ? text(Path, variable)
      : ref(template, variable, pseudo);
  });
}

/** The text of Fn::Sub, in which `${!name}` represents the text `${name}`. */
function substitute(
  pattern: string,
  lookUp: (variable: string) => string,
): string {
  return pattern.replace(/\$\{(!?)([^}]*)\}/g, (_, literal, variable) =>
    literal ? `\${${variable}}` : lookUp(variable),
  );
}

function text(value: unknown, of: string): string {
  const isText = ['string', 'number', 'boolean'].includes(typeof value);
  if (isText) return String(value);
  throw new TemplateError(`${of}: ${quote(value)} is not a string`);
}
