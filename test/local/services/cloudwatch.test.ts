import {
  CloudWatchClient,
  DeleteAlarmsCommand,
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { SmithyRpcV2CborProtocol } from '@smithy/core/cbor';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startCloudWatch } from '../../../local/services/cloudwatch.ts';
import { ACCOUNT, REGION } from '../../support/local/connected-clients.ts';

const T0 = Date.parse('2026-11-26T03:00:00Z');

/** The SDK speaks JSON, and the AWS CLI CBOR. */
describe.each([
  ['JSON', {}],
  ['CBOR', { protocol: SmithyRpcV2CborProtocol }],
])('the CloudWatch stand-in, in %s', (_, protocol) => {
  async function cloudWatch(...alarmNames: string[]) {
    const clock = { now: T0 };
    const service = await startCloudWatch(
      { alarmNames, region: REGION, account: ACCOUNT, now: () => clock.now },
      0,
    );
    onTestFinished(service.close);
    const client = new CloudWatchClient({
      endpoint: service.endpoint,
      region: REGION,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
      ...protocol,
    });
    onTestFinished(() => client.destroy());
    const describeAlarms = async (input = {}) =>
      (await client.send(new DescribeAlarmsCommand(input))).MetricAlarms ?? [];
    const set = (AlarmName: string, StateValue: 'OK' | 'ALARM') =>
      client.send(
        new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'r' }),
      );
    return { client, clock, describeAlarms, set };
  }

  it('has the alarms of rotations.yml, which are OK', async () => {
    const { describeAlarms } = await cloudWatch('p99', 'kms');
    expect(await describeAlarms()).toMatchObject([
      {
        AlarmName: 'p99',
        AlarmArn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:p99`,
        StateValue: 'OK',
        StateTransitionedTimestamp: new Date(T0),
      },
      { AlarmName: 'kms' },
    ]);
  });

  it('sets a state, and remembers since when', async () => {
    const { clock, describeAlarms, set } = await cloudWatch('p99');
    clock.now += 60_000;
    await set('p99', 'ALARM');
    clock.now += 60_000;
    await set('p99', 'ALARM');
    expect(await describeAlarms({ AlarmNames: ['p99'] })).toMatchObject([
      {
        StateValue: 'ALARM',
        StateUpdatedTimestamp: new Date(T0 + 120_000),
        StateTransitionedTimestamp: new Date(T0 + 60_000),
      },
    ]);
  });

  it('creates and deletes alarms, and finds them by name, prefix and state', async () => {
    const { client, describeAlarms, set } = await cloudWatch('orders-kms');
    const alarm = {
      AlarmName: 'orders-p99',
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanThreshold' as const,
    };
    await client.send(new PutMetricAlarmCommand(alarm));
    await set('orders-kms', 'ALARM');
    const names = async (input: object) =>
      (await describeAlarms(input)).map(({ AlarmName }) => AlarmName);
    expect(await names({ AlarmNamePrefix: 'orders-p' })).toEqual([
      'orders-p99',
    ]);
    expect(await names({ StateValue: 'ALARM' })).toEqual(['orders-kms']);
    expect(await names({ AlarmNames: ['none'] })).toEqual([]);
    await client.send(new DeleteAlarmsCommand({ AlarmNames: ['orders-kms'] }));
    expect(await names({})).toEqual(['orders-p99']);
  });

  it('refuses an alarm that does not exist, by the name of AWS', async () => {
    const { set } = await cloudWatch();
    await expect(set('none', 'OK')).rejects.toMatchObject({
      name: 'ResourceNotFound',
    });
  });
});
