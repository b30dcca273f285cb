import { describe, expect, it } from 'vitest';
import { definitionProperties } from '../../stack/definition.ts';

const asl = JSON.stringify({
  StartAt: 'A',
  States: {
    A: {
      Type: 'Task',
      Resource: '${AFunctionArn}',
      ResultPath: null,
      Next: 'B',
    },
    B: { Type: 'Task', Resource: '${BFunctionArn}', End: true },
    Again: { Type: 'Task', Resource: '${AFunctionArn}', End: true },
  },
});

const version = (name: string) => ({
  Type: 'AWS::Lambda::Version',
  Properties: { FunctionName: { Ref: `${name}LambdaFunction` } },
});

describe('definitionProperties', () => {
  it('keeps nulls, and names the version of every function once', () => {
    const { DefinitionString, DefinitionSubstitutions } = definitionProperties(
      asl,
      { Resources: { AVersion1x: version('A'), BVersion2y: version('B') } },
    );
    expect(DefinitionString).toContain('"ResultPath":null');
    expect(JSON.parse(DefinitionString)).toEqual(JSON.parse(asl));
    expect(DefinitionSubstitutions).toEqual({
      AFunctionArn: { Ref: 'AVersion1x' },
      BFunctionArn: { Ref: 'BVersion2y' },
    });
  });

  it('names another state machine that it starts', () => {
    const fleet = JSON.stringify({ Arn: '${RotateStreamStateMachineArn}' });
    const Type = 'AWS::StepFunctions::StateMachine';
    const RotateStreamStateMachine = { Type, Properties: {} };
    const { DefinitionSubstitutions } = definitionProperties(fleet, {
      Resources: { RotateStreamStateMachine },
    });
    expect(DefinitionSubstitutions).toEqual({
      RotateStreamStateMachineArn: { Ref: 'RotateStreamStateMachine' },
    });
    expect(() => definitionProperties(fleet, { Resources: {} })).toThrow(
      /^There is no RotateStreamStateMachine in serverless\.yml/,
    );
  });

  it('names the partition of a service integration', () => {
    const asl = JSON.stringify({ Resource: 'arn:aws:states:::a:b.sync:2' });
    expect(definitionProperties(asl, { Resources: {} })).toEqual({
      DefinitionString: '{"Resource":"arn:${Partition}:states:::a:b.sync:2"}',
      DefinitionSubstitutions: { Partition: { Ref: 'AWS::Partition' } },
    });
  });

  it('says which state has no function', () => {
    expect(() =>
      definitionProperties(asl, { Resources: { AVersion: version('A') } }),
    ).toThrow(/^The state B has no function with a published version/);
  });
});
