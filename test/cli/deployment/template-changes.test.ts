import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareTemplates,
  isUnchanged,
} from '../../../cli/deployment/template-changes.ts';

type Properties = Record<string, unknown>;
const resource = (Type: string, Properties: Properties = {}) => ({
  Type,
  Properties,
});
const template = (Resources: Record<string, object>) => ({ Resources });

/** A function as the packager has it, whose version is named by its hash. */
const packaged = (hash: string, place: string, more: Properties = {}) =>
  template({
    PlanLambdaFunction: resource('AWS::Lambda::Function', {
      Code: { S3Key: place },
      ...more,
    }),
    [`PlanLambdaVersion${hash}`]: {
      ...resource('AWS::Lambda::Version', {
        FunctionName: { Ref: 'PlanLambdaFunction' },
        CodeSha256: hash,
      }),
      DeletionPolicy: 'Retain',
    },
    Machine: resource('AWS::StepFunctions::StateMachine', {
      DefinitionSubstitutions: { Plan: { Ref: `PlanLambdaVersion${hash}` } },
    }),
  });

describe('compareTemplates', () => {
  it('does not see where the packager put the same code', () => {
    const changes = compareTemplates(packaged('a', '1'), packaged('a', '2'));
    expect(changes).toEqual({ resources: [], rights: [], code: [] });
    expect(isUnchanged(changes)).toBe(true);
  });

  it('names the function of other code, and no version', () => {
    const changes = compareTemplates(packaged('a', '1'), packaged('b', '2'));
    expect(changes).toEqual({
      resources: [],
      rights: [],
      code: ['PlanLambdaFunction'],
    });
    expect(isUnchanged(changes)).toBe(false);
  });

  it('tells a function of other settings from one of other code', () => {
    const { resources, code } = compareTemplates(
      packaged('a', '1'),
      packaged('a', '2', { Timeout: 60 }),
    );
    expect(resources).toEqual([
      {
        id: 'PlanLambdaFunction',
        type: 'AWS::Lambda::Function',
        action: 'CHANGE',
      },
    ]);
    expect(code).toEqual([]);
  });

  it('adds every resource to nothing', () => {
    const { resources, rights, code } = compareTemplates(
      undefined,
      packaged('a', '1'),
    );
    expect(resources.map(({ id, action }) => [id, action])).toEqual([
      ['Machine', 'ADD'],
      ['PlanLambdaFunction', 'ADD'],
    ]);
    expect([...rights, ...code]).toEqual([]);
  });

  it.each([
    [
      'AWS::CloudWatch::Alarm',
      { AlarmName: 'a' },
      { AlarmName: 'b' },
      'REPLACE',
    ],
    ['AWS::CloudWatch::Alarm', { Period: 60 }, { Period: 300 }, 'CHANGE'],
    ['AWS::IAM::Role', { Path: '/' }, { Path: '/team/' }, 'REPLACE'],
    ['AWS::DynamoDB::Table', {}, { TableName: 'ledger' }, 'REPLACE'],
    ['Custom::Unknown', { Name: 'a' }, { Name: 'b' }, 'CHANGE'],
  ])('says of %s from %j to %j: %s', (type, from, to, action) => {
    const { resources } = compareTemplates(
      template({ One: resource(type, from) }),
      template({ One: resource(type, to) }),
    );
    expect(resources).toEqual([{ id: 'One', type, action }]);
  });

  it('sees another type under the same ID as a replacement', () => {
    const { resources } = compareTemplates(
      template({ One: resource('AWS::SNS::Topic') }),
      template({ One: resource('AWS::SQS::Queue') }),
    );
    expect(resources).toEqual([
      { id: 'One', type: 'AWS::SQS::Queue', action: 'REPLACE' },
    ]);
  });

  it.each([
    ['Policies', [{ PolicyName: 'Calls' }], true],
    ['AssumeRolePolicyDocument', { Version: '2012-10-17' }, true],
    ['PermissionsBoundary', 'arn:aws:iam::aws:policy/ReadOnlyAccess', true],
    ['Description', 'another', false],
  ])('counts %s of a role as a right or not', (name, value, isRight) => {
    const { rights } = compareTemplates(
      template({ One: resource('AWS::IAM::Role') }),
      template({ One: resource('AWS::IAM::Role', { [name]: value }) }),
    );
    expect(rights).toEqual(isRight ? ['One'] : []);
  });

  it('sees a change of what is not a property', () => {
    const one = resource('AWS::DynamoDB::Table');
    const { resources } = compareTemplates(
      template({ One: { ...one, DeletionPolicy: 'Retain' } }),
      template({ One: { ...one, DeletionPolicy: 'RetainExceptOnCreate' } }),
    );
    expect(resources).toEqual([
      { id: 'One', type: 'AWS::DynamoDB::Table', action: 'CHANGE' },
    ]);
  });

  const templates = fc
    .dictionary(
      fc.constantFrom('A', 'B', 'C', 'D'),
      fc.record({
        Type: fc.constantFrom('AWS::SNS::Topic', 'AWS::IAM::Role'),
        Properties: fc.dictionary(
          fc.constantFrom('Policies', 'RoleName', 'TopicName', 'Tags'),
          fc.integer({ min: 0, max: 2 }),
        ),
      }),
    )
    .map(template);

  it('is empty for any template and itself', () => {
    fc.assert(
      fc.property(templates, (one) => {
        expect(isUnchanged(compareTemplates(one, structuredClone(one)))).toBe(
          true,
        );
      }),
    );
  });

  it('adds backward what it deletes forward, and changes the same both ways', () => {
    const back = { ADD: 'DELETE', DELETE: 'ADD' } as const;
    fc.assert(
      fc.property(templates, templates, (one, other) => {
        const forward = compareTemplates(one, other).resources;
        const backward = compareTemplates(other, one).resources;
        expect(backward.map(({ id, action }) => [id, action])).toEqual(
          forward.map(({ id, action }) => [
            id,
            action === 'ADD' || action === 'DELETE' ? back[action] : action,
          ]),
        );
      }),
    );
  });

  it.each([undefined, null, 'text', [], { Resources: [] }])(
    'reads %j as a template without resources',
    (value) => {
      expect(compareTemplates(value, template({})).resources).toEqual([]);
    },
  );
});
