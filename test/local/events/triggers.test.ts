import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Template } from '../../../local/events/template.ts';
import {
  type EventBridgeEvent,
  explainNoMatch,
  findTriggers,
} from '../../../local/events/triggers.ts';
import { parseRequest } from '../../../shared/contract/request.ts';

const EVENTS = join('examples', 'events');
const STACK = 'kinesis-key-rotation-dev';
const RECEIVED_AT = '2026-01-12T10:06:00.000Z';
const RING = { KeyIds: ['alias/samplestream-a', 'alias/samplestream-b'] };

const request = (Mode: string, trigger: string) =>
  `{"StreamName":"samplestream","KeyIds":["alias/samplestream-a","alias/samplestream-b"],"Mode":"${Mode}","Trigger":${trigger}}`;

const TEMPLATE: Template = {
  Resources: {
    RotateStreamStateMachine: {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: { StateMachineName: `${STACK}-rotate-stream` },
    },
    SettleFailureLambdaFunction: {
      Type: 'AWS::Lambda::Function',
      Properties: { FunctionName: `${STACK}-SettleFailure` },
    },
    SettleFailureLambdaVersionAbc: {
      Type: 'AWS::Lambda::Version',
      Properties: { FunctionName: { Ref: 'SettleFailureLambdaFunction' } },
    },
    RecordExternalStartLambdaFunction: { Type: 'AWS::Lambda::Function' },
    SweepDriftLambdaFunction: { Type: 'AWS::Lambda::Function' },
    NotificationTopic: {
      Type: 'AWS::SNS::Topic',
      Properties: { TopicName: STACK },
    },
    ScheduleGroup: {
      Type: 'AWS::Scheduler::ScheduleGroup',
      Properties: { Name: STACK },
    },
    AlarmRuleSamplestream: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: `${STACK}-alarm-samplestream`,
        EventPattern: {
          source: ['aws.cloudwatch'],
          'detail-type': ['CloudWatch Alarm State Change'],
          detail: {
            alarmName: [
              `${STACK}-drift-samplestream`,
              'samplestream-kms-errors',
              'samplestream-compliance',
            ],
            state: { value: ['ALARM'] },
          },
        },
        Targets: [
          {
            Id: 'RotateStream',
            Arn: { Ref: 'RotateStreamStateMachine' },
            InputTransformer: {
              InputPathsMap: {
                alarm: '$.detail.alarmName',
                reason: '$.detail.state.reason',
                time: '$.detail.state.timestamp',
              },
              InputTemplate: {
                'Fn::Sub': request(
                  'RESTORE',
                  '{"Source":"alarm","AlarmName":<alarm>,"Reason":<reason>,"Time":<time>,"Region":"${AWS::Region}"}',
                ),
              },
            },
          },
        ],
      },
    },
    SettleRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: `${STACK}-settle`,
        State: 'ENABLED',
        EventPattern: {
          source: ['aws.states'],
          'detail-type': ['Step Functions Execution Status Change'],
          detail: {
            stateMachineArn: [{ Ref: 'RotateStreamStateMachine' }],
            status: ['ABORTED', 'TIMED_OUT', 'FAILED'],
          },
        },
        Targets: [
          { Id: 'Settle', Arn: { Ref: 'SettleFailureLambdaVersionAbc' } },
        ],
      },
    },
    RecordExternalStartRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        Name: `${STACK}-record-external-start`,
        State: 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS',
        EventPattern: {
          source: ['aws.kinesis'],
          'detail-type': ['AWS API Call via CloudTrail'],
          detail: {
            eventName: ['StartStreamEncryption', 'StopStreamEncryption'],
            errorCode: [{ exists: false }],
          },
        },
        Targets: [
          {
            Arn: { 'Fn::GetAtt': ['RecordExternalStartLambdaFunction', 'Arn'] },
          },
        ],
      },
    },
    NotifyRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        EventPattern: { source: ['kinesis-key-rotation'] },
        Targets: [
          { Arn: { Ref: 'NotificationTopic' }, InputPath: '$.detail' },
          {
            Arn: { 'Fn::GetAtt': ['SweepDriftLambdaFunction', 'Arn'] },
            InputTransformer: {
              InputTemplate:
                '[<aws.events.rule-arn>, <aws.events.event.ingestion-time>]',
            },
          },
        ],
      },
    },
    DisabledRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        State: 'DISABLED',
        EventPattern: { account: [{ exists: true }] },
        Targets: [{ Arn: { Ref: 'NotificationTopic' } }],
      },
    },
    TimedRule: {
      Type: 'AWS::Events::Rule',
      Properties: {
        ScheduleExpression: 'rate(1 day)',
        Targets: [{ Arn: { Ref: 'NotificationTopic' } }],
      },
    },
    RotateScheduleSamplestream: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        Name: 'rotate-samplestream',
        GroupName: { Ref: 'ScheduleGroup' },
        Target: {
          Arn: { Ref: 'RotateStreamStateMachine' },
          Input: request(
            'ROTATE',
            '{"Source":"schedule","ScheduleArn":"<aws.scheduler.schedule-arn>","ScheduledTime":"<aws.scheduler.scheduled-time>","Id":"<aws.scheduler.execution-id>","Attempt":<aws.scheduler.attempt-number>}',
          ),
        },
      },
    },
    SweepSchedule: {
      Type: 'AWS::Scheduler::Schedule',
      Properties: {
        Name: 'sweep-drift',
        GroupName: { Ref: 'ScheduleGroup' },
        Target: {
          Arn: { 'Fn::GetAtt': ['SweepDriftLambdaFunction', 'Arn'] },
        },
      },
    },
  },
};

const eventOf = async (name: string): Promise<EventBridgeEvent> =>
  JSON.parse(await readFile(join(EVENTS, `${name}.json`), 'utf8'));
const find = (event: EventBridgeEvent, template = TEMPLATE) =>
  findTriggers(template, event, RECEIVED_AT);

/** The template, with one resource's properties changed. */
function changed(id: string, properties: object): Template {
  const resource = TEMPLATE.Resources[id];
  if (resource === undefined) throw new Error(id);
  const { Type, Properties } = resource;
  return {
    Resources: {
      ...TEMPLATE.Resources,
      [id]: { Type, Properties: { ...Properties, ...properties } },
    },
  };
}

describe('the sample events', () => {
  it('have all fields that every event has, in the order in which they come', async () => {
    const files = await readdir(EVENTS);
    expect(files).toHaveLength(18);
    for (const file of files) {
      const event = await eventOf(file.replace('.json', ''));

      expect(Object.keys(event)).toEqual([
        'version',
        'id',
        'detail-type',
        'source',
        'account',
        'time',
        'region',
        'resources',
        'detail',
      ]);
    }
  });
});

describe('findTriggers', () => {
  it.each([
    ['drift-alarm', 'AlarmRuleSamplestream', 'RotateStreamStateMachine'],
    ['math-alarm', 'AlarmRuleSamplestream', 'RotateStreamStateMachine'],
    ['composite-alarm', 'AlarmRuleSamplestream', 'RotateStreamStateMachine'],
    ['execution-aborted', 'SettleRule', 'SettleFailureLambdaFunction'],
    ['execution-timed-out', 'SettleRule', 'SettleFailureLambdaFunction'],
    ['execution-failed', 'SettleRule', 'SettleFailureLambdaFunction'],
    [
      'start-stream-encryption',
      'RecordExternalStartRule',
      'RecordExternalStartLambdaFunction',
    ],
    ['schedule', 'RotateScheduleSamplestream', 'RotateStreamStateMachine'],
    ['drift-sweep', 'SweepSchedule', 'SweepDriftLambdaFunction'],
    [
      'stop-stream-encryption',
      'RecordExternalStartRule',
      'RecordExternalStartLambdaFunction',
    ],
  ])('gives %s to %s, which starts %s', async (name, LogicalId, target) => {
    const found = find(await eventOf(name));

    expect(found).toEqual([
      expect.objectContaining({
        LogicalId,
        Target: {
          LogicalId: target,
          Type: TEMPLATE.Resources[target]?.Type,
        },
      }),
    ]);
  });

  it.each([
    'drift-alarm-ok',
    'execution-succeeded',
    'start-stream-encryption-failed',
  ])('gives %s to no target', async (name) => {
    expect(find(await eventOf(name))).toEqual([]);
  });

  it('makes a RESTORE request of an alarm, whatever its reason says', async () => {
    const event = await eventOf('drift-alarm');
    const { state } = event.detail as { state: Record<string, string> };
    const Reason = 'set by "alice":\n\\ <alarm> ${AWS::Region} }';
    state.reason = Reason;
    const [found] = find(event);

    expect(found?.Rule).toBe(`${STACK}-alarm-samplestream`);
    expect(found?.Input).toEqual({
      StreamName: 'samplestream',
      ...RING,
      Mode: 'RESTORE',
      Trigger: {
        Source: 'alarm',
        AlarmName: `${STACK}-drift-samplestream`,
        Reason,
        Time: state.timestamp,
        Region: 'us-east-1',
      },
    });
    expect(() => parseRequest(found?.Input)).not.toThrow();
  });

  it('makes a ROTATE request of a schedule', async () => {
    const event = await eventOf('schedule');
    const [found] = find(event);

    expect(found).toMatchObject({
      Rule: 'rotate-samplestream',
      Input: {
        Mode: 'ROTATE',
        Trigger: {
          Source: 'schedule',
          ScheduleArn: event.resources?.[0],
          ScheduledTime: event.time,
          Id: event.id,
          Attempt: 1,
        },
      },
    });
    expect(() => parseRequest(found?.Input)).not.toThrow();
  });

  it.each(['execution-aborted', 'start-stream-encryption', 'drift-sweep'])(
    'hands %s on as it is where nothing else is said',
    async (name) => {
      const event = await eventOf(name);

      expect(find(event)[0]?.Input).toBe(event);
    },
  );

  it('has an entry for each target, and a name where there is none', async () => {
    const event = await eventOf('rotation-failed');
    const entry = { Rule: 'NotifyRule', LogicalId: 'NotifyRule' };

    expect(find(event)).toEqual([
      {
        ...entry,
        Target: { LogicalId: 'NotificationTopic', Type: 'AWS::SNS::Topic' },
        Input: event.detail,
      },
      {
        ...entry,
        Target: {
          LogicalId: 'SweepDriftLambdaFunction',
          Type: 'AWS::Lambda::Function',
        },
        Input: [
          'arn:aws:events:us-east-1:000000000000:rule/NotifyRule',
          RECEIVED_AT,
        ],
      },
    ]);
  });

  it('is deployed where the event comes from', async () => {
    const moved = JSON.parse(
      JSON.stringify(await eventOf('execution-aborted'))
        .replaceAll('000000000000', '123456789012')
        .replaceAll('us-east-1', 'cn-north-1')
        .replaceAll('arn:aws:', 'arn:aws-cn:'),
    );
    expect(find(moved)).toHaveLength(1);

    const elsewhere = { ...moved, region: 'eu-west-1' };
    expect(find(elsewhere)).toEqual([]);
    expect(find({ ...moved, account: '210987654321' })).toEqual([]);
  });

  it.each([
    ['another schedule', { resources: ['arn:aws:scheduler:x'] }],
    ['no schedule', { resources: undefined }],
    ['another source', { source: 'aws.events' }],
    ['another type', { 'detail-type': 'Something Else' }],
  ])('gives no schedule an event of %s', async (_, fields) => {
    const event = { ...(await eventOf('schedule')), ...fields };

    expect(find(event as EventBridgeEvent)).toEqual([]);
  });

  it('knows the default group of schedules', async () => {
    const event = await eventOf('schedule');
    event.resources = [
      'arn:aws:scheduler:us-east-1:000000000000:schedule/default/rotate-samplestream',
    ];
    const template = changed('RotateScheduleSamplestream', {
      GroupName: undefined,
    });
    expect(find(event, template)).toHaveLength(1);
  });

  it('leaves a disabled schedule alone', async () => {
    const template = changed('RotateScheduleSamplestream', {
      State: 'DISABLED',
    });
    expect(find(await eventOf('schedule'), template)).toEqual([]);
  });

  it.each<[string, object, string]>([
    [
      'a pattern that it does not know',
      { EventPattern: { account: [{ cidr: '10.0.0.0/8' }] } },
      'SettleRule: EventPattern.account: the operator "cidr"',
    ],
    [
      'an intrinsic that it does not know',
      { EventPattern: { account: [{ 'Fn::ImportValue': 'x' }] } },
      'SettleRule: Fn::ImportValue "x"',
    ],
    [
      'a target that is no resource',
      { Targets: [{ Arn: 'arn:aws:sns:us-east-1:000000000000:other' }] },
      'SettleRule: its target "arn:aws:sns:us-east-1:000000000000:other"',
    ],
    [
      'an input that is no JSON',
      { Targets: [{ Arn: { Ref: 'NotificationTopic' }, Input: 'text' }] },
      'SettleRule: Input makes "text"',
    ],
  ])('names the rule with %s', async (_, properties, words) => {
    const event = await eventOf('execution-aborted');
    const template = changed('SettleRule', properties);

    expect(() => find(event, template)).toThrow(words);
    expect(() => find(event, template)).toThrow(
      expect.objectContaining({ name: 'TemplateError' }),
    );
  });

  it('names the schedule whose input is no JSON', async () => {
    const Arn = { Ref: 'RotateStreamStateMachine' };
    const template = changed('RotateScheduleSamplestream', {
      Target: { Arn, Input: '<aws.scheduler.scheduled-time>' },
    });
    const event = await eventOf('schedule');

    expect(() => find(event, template)).toThrow(
      'RotateScheduleSamplestream: Input makes "2026-01-12T03:00:00Z"',
    );
  });
});

describe('explainNoMatch', () => {
  const explain = (event: EventBridgeEvent, template = TEMPLATE) =>
    explainNoMatch(template, event);

  it('says what state an alarm would have to have', async () => {
    expect(explain(await eventOf('drift-alarm-ok'))).toBe(
      `${STACK}-alarm-samplestream wants detail.state.value "ALARM", which is "OK"`,
    );
  });

  it('says which alarms there would have to be', async () => {
    const event = await eventOf('drift-alarm-ok');
    (event.detail as Record<string, unknown>).alarmName = 'cpu';

    expect(explain(event)).toBe(
      `${STACK}-alarm-samplestream wants detail.alarmName "${STACK}-drift-samplestream" or "samplestream-kms-errors" or "samplestream-compliance", which is "cpu", and detail.state.value "ALARM", which is "OK"`,
    );
  });

  it('says which field should not be there, and which is missing', async () => {
    expect(explain(await eventOf('start-stream-encryption-failed'))).toBe(
      `${STACK}-record-external-start wants detail.errorCode {"exists":false}, which is "LimitExceededException"`,
    );
    const event = await eventOf('execution-aborted');
    expect(explain({ ...event, detail: {} })).toContain(
      'detail.status "ABORTED" or "TIMED_OUT" or "FAILED", which is nothing',
    );
  });

  it('prefers the nearest rules, and names few of many', async () => {
    const rule = TEMPLATE.Resources.AlarmRuleSamplestream;
    if (rule === undefined) throw new Error('no rule');
    const { EventPattern } = rule.Properties as { EventPattern: object };
    const others = ['a', 'b', 'c', 'd', 'e'].map((name) => [
      name,
      {
        Type: rule.Type,
        Properties: {
          EventPattern: { ...EventPattern, detail: { alarmName: [name] } },
        },
      },
    ]);
    const template = {
      Resources: { ...TEMPLATE.Resources, ...Object.fromEntries(others) },
    };
    const event = await eventOf('drift-alarm-ok');
    (event.detail as Record<string, unknown>).alarmName = 'cpu';

    expect(explain(event, template)).toBe(
      'a wants detail.alarmName "a", which is "cpu"; b wants detail.alarmName "b", which is "cpu"; c wants detail.alarmName "c", which is "cpu"; and 2 more',
    );
  });

  it('says which sources there are', async () => {
    const event = await eventOf('drift-alarm');
    const sources =
      'the rules are for "aws.cloudwatch" "CloudWatch Alarm State Change"; "aws.states" "Step Functions Execution Status Change"; "aws.kinesis" "AWS API Call via CloudTrail"; and 1 more';

    expect(explain({ ...event, source: 'aws.ec2' })).toBe(sources);
    expect(explain({ ...event, 'detail-type': 'Other' })).toBe(sources);
    expect(explain(event, { Resources: {} })).toBe('the rules are for none');
  });

  it('says which schedules there are', async () => {
    const event = await eventOf('schedule');
    const group = `arn:aws:scheduler:us-east-1:000000000000:schedule/${STACK}`;
    event.resources = [`${group}/rotate-orders`];

    expect(explain(event)).toBe(
      `the event is of "${group}/rotate-orders", and the schedules are ${group}/rotate-samplestream; ${group}/sweep-drift`,
    );
  });
});
