import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type PseudoParameters,
  readTemplate,
  referredResource,
  resolveIntrinsics,
  type Template,
} from '../../../local/events/template.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const PSEUDO: PseudoParameters = {
  'AWS::AccountId': '123456789012',
  'AWS::Region': 'cn-north-1',
  'AWS::Partition': 'aws-cn',
  'AWS::URLSuffix': 'amazonaws.com.cn',
  'AWS::StackName': 'rotation',
};

const named = (Type: string, property: string, more = {}) => ({
  Type,
  Properties: { [property]: { 'Fn::Sub': 'my-${AWS::StackName}' }, ...more },
});

const TEMPLATE: Template = {
  Resources: {
    Machine: named('AWS::StepFunctions::StateMachine', 'StateMachineName'),
    Function: named('AWS::Lambda::Function', 'FunctionName'),
    Version: {
      Type: 'AWS::Lambda::Version',
      Properties: { FunctionName: { Ref: 'Function' } },
    },
    Topic: named('AWS::SNS::Topic', 'TopicName'),
    Queue: named('AWS::SQS::Queue', 'QueueName'),
    Group: named('AWS::Scheduler::ScheduleGroup', 'Name'),
    Rule: named('AWS::Events::Rule', 'Name'),
    Table: named('AWS::DynamoDB::Table', 'TableName'),
    Role: named('AWS::IAM::Role', 'RoleName'),
    TeamRole: named('AWS::IAM::Role', 'RoleName', { Path: '/team/' }),
    Nameless: { Type: 'AWS::SNS::Topic' },
    Bucket: { Type: 'AWS::S3::Bucket' },
  },
};

const resolve = (value: unknown) => resolveIntrinsics(TEMPLATE, value, PSEUDO);
const arn = (service: string, rest: string) =>
  `arn:aws-cn:${service}:cn-north-1:123456789012:${rest}`;

describe('resolveIntrinsics', () => {
  it('leaves any value without intrinsics as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(resolve(value)).toEqual(value);
      }),
    );
  });

  it.each(Object.entries(PSEUDO))('knows %s', (name, value) => {
    expect(resolve({ Ref: name })).toBe(value);
    expect(resolve({ 'Fn::Sub': `\${${name}}` })).toBe(value);
  });

  it.each([
    ['Machine', arn('states', 'stateMachine:my-rotation')],
    ['Function', 'my-rotation'],
    ['Version', arn('lambda', 'function:my-rotation:1')],
    ['Topic', arn('sns', 'my-rotation')],
    ['Group', 'my-rotation'],
    ['Rule', 'my-rotation'],
    ['Table', 'my-rotation'],
    ['Role', 'my-rotation'],
  ])('resolves Ref %s as AWS would', (id, value) => {
    expect(resolve({ Ref: id })).toBe(value);
    expect(resolve({ 'Fn::Sub': `<\${${id}}>` })).toBe(`<${value}>`);
  });

  it.each([
    ['Machine', 'Arn', arn('states', 'stateMachine:my-rotation')],
    ['Machine', 'Name', 'my-rotation'],
    ['Function', 'Arn', arn('lambda', 'function:my-rotation')],
    ['Topic', 'TopicArn', arn('sns', 'my-rotation')],
    ['Topic', 'TopicName', 'my-rotation'],
    ['Queue', 'Arn', arn('sqs', 'my-rotation')],
    ['Queue', 'QueueName', 'my-rotation'],
    ['Group', 'Arn', arn('scheduler', 'schedule-group/my-rotation')],
    ['Rule', 'Arn', arn('events', 'rule/my-rotation')],
    ['Table', 'Arn', arn('dynamodb', 'table/my-rotation')],
    ['Role', 'Arn', 'arn:aws-cn:iam::123456789012:role/my-rotation'],
    ['TeamRole', 'Arn', 'arn:aws-cn:iam::123456789012:role/team/my-rotation'],
  ])('resolves Fn::GetAtt %s.%s as AWS would', (id, attribute, value) => {
    expect(resolve({ 'Fn::GetAtt': [id, attribute] })).toBe(value);
    expect(resolve({ 'Fn::GetAtt': `${id}.${attribute}` })).toBe(value);
    expect(resolve({ 'Fn::Sub': `\${${id}.${attribute}}` })).toBe(value);
  });

  it('substitutes names of its own first, and what is escaped never', () => {
    const text = '${Topic} ${!Topic} ${Own} ${AWS::Region} $Topic {Topic}';
    const own = { Own: { Ref: 'Table' }, Topic: 'mine' };

    expect(resolve({ 'Fn::Sub': [text, own] })).toBe(
      'mine ${Topic} my-rotation cn-north-1 $Topic {Topic}',
    );
  });

  it('keeps any text of Fn::Sub that has no variables', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(!text.includes('${'));

        expect(resolve({ 'Fn::Sub': text })).toBe(text);
        const own = { Value: text };
        expect(resolve({ 'Fn::Sub': ['(${Value})', own] })).toBe(`(${text})`);
      }),
    );
  });

  it('joins as the language does', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (delimiter, parts) => {
        expect(resolve({ 'Fn::Join': [delimiter, parts] })).toBe(
          parts.join(delimiter),
        );
      }),
    );
  });

  it('resolves what stands within other values', () => {
    const value = {
      list: [{ Ref: 'Table' }, 1],
      inner: { 'Fn::Join': ['/', ['a', { Ref: 'AWS::Region' }]] },
    };
    expect(resolve(value)).toEqual({
      list: ['my-rotation', 1],
      inner: 'a/cn-north-1',
    });
  });

  it.each<[unknown, string]>([
    [{ Ref: 'Nowhere' }, '"Nowhere" is not a resource'],
    [{ Ref: 'toString' }, '"toString" is not a resource'],
    [{ Ref: 'Bucket' }, 'AWS::S3::Bucket'],
    [{ Ref: 'Queue' }, '"Queue", a AWS::SQS::Queue'],
    [{ Ref: 'Nameless' }, 'Nameless, a AWS::SNS::Topic, has no TopicName'],
    [{ Ref: 'AWS::NoValue' }, '"AWS::NoValue"'],
    [{ Ref: 5 }, '"5" is not a resource'],
    [{ 'Fn::GetAtt': ['Function', 'Version'] }, '"Function.Version"'],
    [{ 'Fn::GetAtt': [] }, 'Fn::GetAtt'],
    [{ 'Fn::Sub': '${Nowhere.Arn}' }, '"Nowhere" is not a resource'],
    [{ 'Fn::Sub': {} }, 'Fn::Sub: {}'],
    [{ 'Fn::Sub': ['${Own}', { Own: [] }] }, '"Own"'],
    [{ 'Fn::Join': ['-', 'parts'] }, '["-","parts"]'],
    [{ 'Fn::If': ['IsProd', 1, 2] }, 'Fn::If ["IsProd",1,2]'],
    [{ 'Fn::ImportValue': 'x' }, 'Fn::ImportValue "x"'],
  ])('names in %j what it does not know', (value, words) => {
    expect(() => resolve({ deep: [value] })).toThrow(words);
    expect(() => resolve(value)).toThrow(
      expect.objectContaining({ name: 'TemplateError' }),
    );
  });
});

describe('referredResource', () => {
  it.each([
    [{ Ref: 'Machine' }, 'Machine'],
    [{ 'Fn::GetAtt': ['Function', 'Arn'] }, 'Function'],
    [{ 'Fn::GetAtt': 'Function.Arn' }, 'Function'],
    [{ 'Fn::Sub': '${Machine}' }, undefined],
    [{ Ref: 'Machine', Other: 1 }, undefined],
    ['arn:aws:sns:us-east-1:123456789012:topic', undefined],
  ])('of %j is %s', (value, id) => {
    expect(referredResource(value)).toBe(id);
  });
});

describe('readTemplate', () => {
  it('reads what was packaged', async () => {
    const path = join(await temporaryDirectory(), 'template.json');
    await writeFile(path, JSON.stringify(TEMPLATE));

    expect(await readTemplate(path)).toEqual(TEMPLATE);
  });

  it('says what to do when nothing was', async () => {
    const path = join(await temporaryDirectory(), 'template.json');

    await expect(readTemplate(path)).rejects.toThrow(
      `${path} does not exist; run npx kinesis-key-rotation package`,
    );
  });

  it.each(['', '{"Resources":', 'null', '[]', '{"Parameters":{}}'])(
    'refuses %j',
    async (text) => {
      const path = join(await temporaryDirectory(), 'template.json');
      await writeFile(path, text);

      const error: Error = await readTemplate(path).then(
        () => expect.unreachable(),
        (e) => e,
      );
      expect(error.name).toBe('TemplateError');
      expect(error.message).toContain(path);
      expect(error.message).toContain('kinesis-key-rotation package');
      expect(error.message).not.toContain('\n');
    },
  );

  it('refuses a folder', async () => {
    const path = await temporaryDirectory();

    await expect(readTemplate(path)).rejects.toThrow(
      `${path} cannot be read: EISDIR`,
    );
  });
});
