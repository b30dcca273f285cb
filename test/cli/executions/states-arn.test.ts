import { describe, expect, it } from 'vitest';
import { consoleLink } from '../../../cli/executions/console-link.ts';
import { nameExecution } from '../../../cli/executions/name.ts';
import {
  parseExecutionArn,
  parseStateMachineArn,
} from '../../../cli/executions/states-arn.ts';

const STATES = 'arn:aws:states:eu-west-1:111122223333';
const STACK = 'kinesis-key-rotation-prod';

describe('parseStateMachineArn', () => {
  it.each([
    [`${STATES}:stateMachine:${STACK}-rotate-stream`],
    [`${STATES}:stateMachine:rotate-stream`],
    [`${STATES}:stateMachine:rotate-stream:LIVE`],
  ])('reads %s', (arn) => {
    expect(
      parseStateMachineArn(arn, '--state-machine-arn', 'rotate-stream'),
    ).toEqual({
      arn,
      machine: 'rotate-stream',
      partition: 'aws',
      region: 'eu-west-1',
      account: '111122223333',
    });
  });

  it.each([
    'rotate-stream',
    `${STATES}:execution:rotate-stream:x`,
    `${STATES}:stateMachine:${STACK}-rotate-fleet`,
    `${STATES}:stateMachine:unrotate-stream`,
    'arn:aws:states:eu-west-1::stateMachine:rotate-stream',
  ])('refuses %s, and quotes it', (arn) => {
    expect(() =>
      parseStateMachineArn(arn, '--state-machine-arn', 'rotate-stream'),
    ).toThrow(
      expect.objectContaining({
        name: 'InvalidRequest',
        message: expect.stringContaining(`--state-machine-arn "${arn}"`),
      }),
    );
  });
});

describe('parseExecutionArn', () => {
  it('reads one of any partition', () => {
    const arn =
      'arn:aws-us-gov:states:us-gov-west-1:111122223333:execution:a-rotate-stream:orders-1';
    expect(parseExecutionArn(arn)).toMatchObject({
      arn,
      partition: 'aws-us-gov',
      region: 'us-gov-west-1',
    });
  });

  it('tells a fleet from a rotation', () => {
    const arn = `${STATES}:execution:${STACK}-rotate-fleet:all`;
    expect(parseExecutionArn(arn)).toMatchObject({ machine: 'rotate-fleet' });
  });

  it.each([
    'x',
    `${STATES}:execution:rotate-stream`,
    `${STATES}:express:rotate-stream:x:y`,
    `${STATES}:execution:other:x`,
    `${STATES}:stateMachine:rotate-stream`,
  ])('refuses %s', (arn) => {
    expect(() => parseExecutionArn(arn)).toThrow(
      expect.objectContaining({ name: 'InvalidRequest' }),
    );
  });
});

describe('consoleLink', () => {
  const execution = (partition: string) => ({
    arn: 'ARN',
    machine: 'rotate-stream' as const,
    partition,
    region: 'r',
    account: '1',
  });

  it('leads to the execution', () => {
    expect(consoleLink(execution('aws'))).toBe(
      'https://r.console.aws.amazon.com/states/home?region=r#/v2/executions/details/ARN',
    );
    expect(consoleLink(execution('aws-cn'))).toMatch(
      /^https:\/\/r\.console\.amazonaws\.cn\//,
    );
  });

  it('is none where there is no console that we know', () => {
    expect(consoleLink(execution('aws-iso'))).toBeUndefined();
  });
});

describe('nameExecution', () => {
  const now = new Date('2026-01-02T03:04:05.678Z');

  it('says which stream, and when', () => {
    expect(nameExecution('orders', now)).toBe('orders-20260102T030405678Z');
  });

  it('is legal, and of 80 characters at most', () => {
    const name = nameExecution('my.orders_'.repeat(13), now);
    expect(name).toMatch(/^[a-zA-Z0-9_-]{80}$/);
    expect(name).toMatch(/-20260102T030405678Z$/);
  });
});
