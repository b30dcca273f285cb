import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  parseRotations,
  RotationsFileError,
  readRotationsFile,
} from '../../../shared/config/rotations-file.ts';
import {
  alarmNames,
  type RotationsStream,
  requestFor,
} from '../../../shared/config/rotations-stream.ts';
import { withWatchAlarms } from '../../../shared/config/watch-alarms.ts';
import { parseRequest } from '../../../shared/contract/request.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const GUID = '12345678-1234-1234-1234-123456789012';
const ORDERS = '{StreamName: orders, KeyIds: [alias/a, alias/b]}';

const stream = (fields: string) =>
  `Streams: [{StreamName: orders, KeyIds: [alias/a, alias/b], ${fields}}]`;

const streamsOf = (text: string) => parseRotations(text).Streams;

function failure(text: string): unknown {
  try {
    return streamsOf(text);
  } catch (error) {
    return error;
  }
}

describe('parseRotations', () => {
  it('reads streams and their rings, in their order', () => {
    const text = `
Streams:
  - StreamName: orders_2.x-y
    KeyIds:
      - alias/orders-b
      - alias/orders-a
  - KeyIds: [${GUID}, "arn:aws-cn:kms:cn-north-1:000000000000:alias/x"]
    StreamName: payments
`;

    expect(streamsOf(text)).toEqual([
      {
        StreamName: 'orders_2.x-y',
        KeyIds: ['alias/orders-b', 'alias/orders-a'],
      },
      {
        StreamName: 'payments',
        KeyIds: [GUID, 'arn:aws-cn:kms:cn-north-1:000000000000:alias/x'],
      },
    ]);
  });

  it('reads what starts the rotations, and what requests say', () => {
    const [entry] = streamsOf(`
Streams:
  - StreamName: orders
    KeyIds: [alias/a, alias/b]
    Schedule: cron(0 3 ? * MON#1 *)
    Timezone: Europe/Berlin
    MaximumWindowInMinutes: 1440
    Alarms: [orders-kms, {Name: 'orders "p99"', Mode: REVERT}]
    RevertWithinMinutes: 60
    OnQuotaExhausted: WAIT
    Probe: {PartitionKey: p, Data: e30=}
`);
    expect(entry).toEqual({
      StreamName: 'orders',
      KeyIds: ['alias/a', 'alias/b'],
      Schedule: 'cron(0 3 ? * MON#1 *)',
      Timezone: 'Europe/Berlin',
      MaximumWindowInMinutes: 1440,
      Alarms: ['orders-kms', { Name: 'orders "p99"', Mode: 'REVERT' }],
      RevertWithinMinutes: 60,
      OnQuotaExhausted: 'WAIT',
      Probe: { PartitionKey: 'p', Data: 'e30=' },
    });
    const request = requestFor(entry as RotationsStream);
    expect(parseRequest(request)).toMatchObject(request);
    expect(alarmNames(entry as RotationsStream, 'RESTORE')).toEqual([
      'orders-kms',
    ]);
    expect(alarmNames(entry as RotationsStream, 'REVERT')).toEqual([
      'orders "p99"',
    ]);
    expect(Object.keys(request)).toEqual([
      'StreamName',
      'KeyIds',
      'RevertWithinMinutes',
      'OnQuotaExhausted',
      'Probe',
    ]);
  });

  it('reads WatchStream, which makes alarms for the bake', () => {
    const [entry] = streamsOf(
      'Streams: [{StreamName: orders, KeyIds: [alias/a, alias/b], BakeMinutes: 15, WatchStream: true}]',
    );
    expect(entry).toMatchObject({ BakeMinutes: 15, WatchStream: true });
    const watched = withWatchAlarms(entry as RotationsStream, 'prod');
    const request = requestFor(watched);
    expect(parseRequest(request)).toMatchObject({
      BakeMinutes: 15,
      BakeAlarms: expect.arrayContaining([
        'kinesis-key-rotation-prod-watch-put-record-orders',
      ]),
    });
    expect(request).not.toHaveProperty('WatchStream');
  });

  it('reads JSON, which is YAML', () => {
    expect(
      streamsOf(
        '{"Streams": [{"StreamName": "orders", "KeyIds": ["alias/a", "alias/b"]}]}',
      ),
    ).toEqual([{ StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] }]);
  });

  it.each([
    ['text that is no YAML', 'Streams: [', ['is not YAML']],
    ['an empty file', '', ['rotations.yml']],
    ['a list', '[]', ['rotations.yml']],
    ['no Streams', '{}', ['Streams']],
    ['Streams that are no list', 'Streams: orders', ['Streams', '"orders"']],
    [
      'a list without a line',
      'Streams:',
      ['received null', 'a list of streams'],
    ],
    ['no stream', 'Streams: []', ['Streams is empty']],
    ['another section', `{Streams: [${ORDERS}], Alarms: []}`, ['Alarms']],
    [
      'a stream that is only a name',
      `Streams: [${ORDERS}, payments]`,
      ['Streams.1', '"payments"'],
    ],
    [
      'an unknown field',
      'Streams: [{StreamName: orders, KeyIds: [alias/a, alias/b], Shards: 2}]',
      ['Streams[0]', '"Shards"', 'StreamName, KeyIds'],
    ],
    [
      'WatchStream that is no boolean',
      'Streams: [{StreamName: orders, KeyIds: [alias/a], WatchStream: yes}]',
      ['Streams[0]', 'WatchStream "yes" is not true or false'],
    ],
    [
      'WatchStream without a bake',
      'Streams: [{StreamName: orders, KeyIds: [alias/a], WatchStream: true}]',
      ['Streams[0]', 'WatchStream true', 'give BakeMinutes'],
    ],
    [
      'WatchStream with more alarms than a bake watches',
      `Streams: [{StreamName: orders, KeyIds: [alias/a], WatchStream: true, BakeMinutes: 5, BakeAlarms: [${Array.from({ length: 16 }, (_, at) => `a${at}`)}]}]`,
      ['BakeAlarms has 16 alarms, and WatchStream adds 5', 'at most 15'],
    ],
    [
      'WatchStream with BakeAlarms that are no list',
      'Streams: [{StreamName: orders, KeyIds: [alias/a], WatchStream: true, BakeMinutes: 5, BakeAlarms: a}]',
      ['BakeAlarms "a" is not a list'],
    ],
    [
      'a stream without a name',
      `Streams: [${ORDERS}, {KeyIds: [alias/a, alias/b]}]`,
      ['Streams[1]', 'StreamName ""'],
    ],
    [
      'a malformed name',
      'Streams: [{StreamName: "my orders", KeyIds: [alias/a, alias/b]}]',
      ['Streams[0]', 'StreamName "my orders"'],
    ],
    [
      'a name that is a number',
      'Streams: [{StreamName: 7, KeyIds: [alias/a, alias/b]}]',
      ['Streams[0]', 'StreamName 7'],
    ],
    [
      'no ring',
      `Streams: [${ORDERS}, {StreamName: payments}]`,
      ['Streams[1]', 'KeyIds []'],
    ],
    [
      'a ring of one key',
      'Streams: [{StreamName: orders, KeyIds: [alias/aws/kinesis]}]',
      ['Streams[0]', 'KeyIds ["alias/aws/kinesis"]', 'ring of 1'],
    ],
    [
      'a ring that is one text',
      'Streams: [{StreamName: orders, KeyIds: "alias/a,alias/b"}]',
      ['Streams[0]', 'KeyIds "alias/a,alias/b"'],
    ],
    [
      'a malformed key',
      'Streams: [{StreamName: orders, KeyIds: [alias/a, orders-b]}]',
      ['Streams[0]', 'KeyIds "orders-b"'],
    ],
    [
      'a key named twice',
      'Streams: [{StreamName: orders, KeyIds: [alias/a, alias/a]}]',
      ['Streams[0]', 'names a key twice'],
    ],
    [
      'a schedule that is invalid',
      stream('Schedule: monthly'),
      ['Streams[0]', 'Schedule "monthly"', 'rate(90 days)'],
    ],
    [
      'a schedule that is no text',
      stream('Schedule: 90'),
      ['Streams[0]', 'Schedule 90'],
    ],
    [
      'a cron of five fields',
      stream('Schedule: cron(0 3 1 * ?)'),
      ['Streams[0]', 'Schedule "cron(0 3 1 * ?)"', 'Expected 6 values'],
    ],
    [
      'a cron with both days',
      stream('Schedule: cron(0 3 1 * MON *)'),
      ['Streams[0]', 'Schedule "cron(0 3 1 * MON *)"', '? for the other'],
    ],
    [
      'a cron with neither day',
      stream('Schedule: cron(0 3 ? * ? *)'),
      ['Streams[0]', 'Schedule "cron(0 3 ? * ? *)"', '? for the other'],
    ],
    [
      'a minute that is invalid',
      stream('Schedule: cron(61 3 1 * ? *)'),
      ['Streams[0]', "'61' of minutes"],
    ],
    [
      'a rate spelled otherwise',
      stream('Schedule: rate(1 days)'),
      ['Streams[0]', 'write rate(1 day)'],
    ],
    [
      'a rate of nothing',
      stream('Schedule: rate(0 days)'),
      ['Streams[0]', 'Schedule "rate(0 days)"', 'not positive'],
    ],
    [
      'a rate beyond the quota',
      stream('Schedule: rate(30 minutes)'),
      ['Streams[0]', 'Schedule "rate(30 minutes)"', '48 keys', 'allows 25'],
    ],
    [
      'a time zone that is invalid',
      stream('Schedule: rate(90 days), Timezone: Mars/Olympus'),
      ['Streams[0]', 'Timezone "Mars/Olympus"'],
    ],
    [
      'a time zone in another case',
      stream('Schedule: rate(90 days), Timezone: Europe/berlin'),
      ['Streams[0]', 'Timezone "Europe/berlin"'],
    ],
    [
      'a rate of ages',
      stream('Schedule: rate(99999999999999999999 days)'),
      ['Streams[0]', 'longer than a century'],
    ],
    ...[
      ['* * * * ? *', 1440],
      ['0/30 * * * ? *', 48],
      ['0-50/10 8-17 * * ? *', 60],
      ['0,15,30 */2 ? * MON *', 36],
    ].map(([cron, keys]): [string, string, string[]] => [
      `a cron of ${keys} keys a day`,
      stream(`Schedule: cron(${cron})`)
        .replace('cron(', "'cron(")
        .replace(/\)}/, ")'}"),
      ['Streams[0]', `would apply ${keys} keys`],
    ]),
    [
      'what CloudFormation would look up',
      stream('Alarms: ["{{resolve:ssm:/x}}"]'),
      ['Streams[0]', 'Alarms holds', '{{resolve:'],
    ],
    [
      'what CloudFormation would put something in for',
      stream("Probe: {PartitionKey: '${AWS::Region}', Data: e30=}"),
      ['Streams[0]', 'Probe holds ${'],
    ],
    [
      'an offset for a time zone',
      stream('Schedule: rate(90 days), Timezone: "+01:00"'),
      ['Streams[0]', 'Timezone "+01:00"'],
    ],
    [
      'a time zone without a schedule',
      stream('Timezone: UTC'),
      ['Streams[0]', 'Timezone "UTC"', 'without Schedule'],
    ],
    [
      'a window of more than a day',
      stream('Schedule: rate(90 days), MaximumWindowInMinutes: 1441'),
      ['Streams[0]', 'MaximumWindowInMinutes 1441', '1440'],
    ],
    [
      'a window that is no whole number',
      stream('Schedule: rate(90 days), MaximumWindowInMinutes: 1.5'),
      ['Streams[0]', 'MaximumWindowInMinutes 1.5'],
    ],
    ['alarms that are no list', stream('Alarms: a'), ['Alarms "a"']],
    [
      'an alarm without a name',
      stream('Alarms: [a, ""]'),
      ['Streams[0]', 'Alarms ""'],
    ],
    [
      'an alarm with a control character',
      stream('Alarms: ["a\\tb"]'),
      ['Streams[0]', 'Alarms "a\\tb"'],
    ],
    [
      'a name too long for an alarm',
      stream(`Alarms: [${'a'.repeat(256)}]`),
      ['Streams[0]', 'Alarms "aaa', '255'],
    ],
    [
      'an alarm listed twice, by its name and as a map',
      stream('Alarms: [a, {Name: a, Mode: REVERT}]'),
      ['Streams[0]', 'Alarms "a"', 'twice'],
    ],
    [
      'a mode in which no alarm starts a rotation',
      stream('Alarms: [{Name: a, Mode: ROTATE}]'),
      ['Alarms: Mode "ROTATE" of "a"', 'RESTORE, REVERT'],
    ],
    [
      'an alarm without a mode',
      stream('Alarms: [{Name: a}]'),
      ['Alarms: Mode undefined of "a"'],
    ],
    [
      'an alarm with an unknown field',
      stream('Alarms: [{Name: a, Mode: REVERT, Minutes: 5}]'),
      ['Alarms "Minutes"', 'Name, Mode'],
    ],
    [
      'a window of a revert that is too long',
      stream('RevertWithinMinutes: 10081'),
      ['RevertWithinMinutes 10081', 'from 1 to 10080'],
    ],
    [
      'an alarm listed twice',
      stream('Alarms: [a, b, a]'),
      ['Streams[0]', 'Alarms "a"', 'twice'],
    ],
    [
      'a field of requests with a wrong value',
      stream('OnQuotaExhausted: PANIC'),
      ['Streams[0]', 'OnQuotaExhausted "PANIC"'],
    ],
    [
      'a stream listed twice',
      `Streams: [${ORDERS}, {StreamName: b, KeyIds: [alias/a, alias/b]}, ${ORDERS}]`,
      ['Streams[2]', 'StreamName "orders"', 'twice'],
    ],
  ])('refuses %s', (_, text, named) => {
    const error = failure(text);

    expect(error).toBeInstanceOf(RotationsFileError);
    const { message } = error as Error;
    expect(message).toMatch(/^rotations\.yml\b/);
    expect(message).not.toContain('\n');
    for (const words of named) expect(message).toContain(words);
  });
});

describe('readRotationsFile', () => {
  it('reads a file', async () => {
    const path = join(await temporaryDirectory(), 'rotations.yml');
    await writeFile(path, `Streams: [${ORDERS}]`);

    const { Streams } = await readRotationsFile(path);
    expect(Streams).toEqual([
      { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] },
    ]);
  });

  it('says which file cannot be read', async () => {
    const path = join(await temporaryDirectory(), 'rotations.yml');
    const error = await readRotationsFile(path).catch((e: unknown) => e);

    expect(error).toBeInstanceOf(RotationsFileError);
    expect((error as Error).message).toContain(path);
  });

  it('names the file that was read, in the current folder and elsewhere', async () => {
    const path = join(await temporaryDirectory(), 'rotations.prod.yml');
    const messageOf = async (given: string) =>
      (await readRotationsFile(given).catch((e: unknown) => e)) as Error;

    for (const [text, rest] of [
      ['Streams: []', ': Streams: Streams is empty'],
      ['Streams: [', ' is not YAML: '],
      ['Streams: [{StreamName: orders}]', ': Streams[0]: '],
      [`Streams: [${ORDERS}, ${ORDERS}]`, ': Streams[1]: StreamName'],
      [`Defaults: {StreamName: x}\nStreams: [${ORDERS}]`, ': Defaults: '],
    ] as const) {
      await writeFile(path, text);
      const { message } = await messageOf(path);
      expect(message).toContain(`${path}${rest}`);
      expect(message).not.toContain('rotations.yml');
    }
    expect((await messageOf('no/such.yml')).message).toMatch(
      /^no\/such\.yml cannot be read: /,
    );
    expect((await messageOf(resolve('no/such.yml'))).message).toMatch(
      /^no\/such\.yml cannot be read: /,
    );
  });

  it('reads the one that is shipped', async () => {
    const { Streams } = await readRotationsFile('rotations.yml');
    const [first] = Streams;

    expect(first).toMatchObject({
      StreamName: 'samplestream',
      KeyIds: ['alias/samplestream-a', 'alias/samplestream-b'],
      Schedule: 'rate(90 days)',
    });
  });
});

describe('Defaults', () => {
  const streams = (text: string) => streamsOf(text);

  it('give every stream what it does not say itself', () => {
    const text = `
Defaults: {KeyIds: [alias/a, alias/b], OnDrift: ALERT, Schedule: rate(90 days)}
Streams:
  - StreamName: orders
  - {StreamName: payments, OnDrift: RESTORE, KeyIds: [alias/c, alias/d]}
`;
    expect(streams(text)).toEqual([
      {
        StreamName: 'orders',
        KeyIds: ['alias/a', 'alias/b'],
        OnDrift: 'ALERT',
        Schedule: 'rate(90 days)',
      },
      {
        StreamName: 'payments',
        KeyIds: ['alias/c', 'alias/d'],
        OnDrift: 'RESTORE',
        Schedule: 'rate(90 days)',
      },
    ]);
  });

  it.each([
    [
      'Defaults: {StreamName: x}',
      'Defaults: StreamName "x" cannot be the same',
    ],
    ['Defaults: {OnDrif: ALERT}', '"OnDrif" is not a field of a stream'],
    [
      'Defaults: {OnDrift: alert}',
      'OnDrift "alert" is not one of RESTORE, ALERT',
    ],
    ['Defaults: 7', 'Defaults'],
  ])('refuse %s', (text, named) => {
    expect(failure(`${text}\nStreams: [${ORDERS}]`)).toMatchObject({
      name: 'RotationsFileError',
      message: expect.stringContaining(named),
    });
  });
});

describe('a cron that has no time', () => {
  it.each([
    'cron(0 0 30 2 ? *)',
    'cron(0 0 31 4,6 ? *)',
    'cron(0 0 29 2 ? 2027)',
  ])('is refused: %s', (schedule) => {
    expect(failure(stream(`Schedule: "${schedule}"`))).toMatchObject({
      name: 'RotationsFileError',
      message: `rotations.yml: Streams[0]: Schedule "${schedule}" never fires: no year has such a day`,
    });
  });

  it.each([
    'cron(0 0 29 2 ? *)',
    'cron(0 3 ? * 2#5 *)',
    'cron(0 3 L * ? *)',
    'cron(0 3 1 1 ? 2199)',
    'cron(0 3 1 1 ? 2020)',
  ])('is another: %s', (schedule) => {
    expect(failure(stream(`Schedule: "${schedule}"`))).toHaveLength(1);
  });

  it('may be at(...), which is answered with an alternative', () => {
    const text = stream('Schedule: at(2027-01-12T03:00:00)');
    expect(failure(text)).toMatchObject({
      name: 'RotationsFileError',
      message: expect.stringContaining(
        'is one time, and a rotation repeats; give cron(',
      ),
    });
  });
});

describe('StartDate', () => {
  it.each([
    ['Schedule: rate(90 days), StartDate: "2027-01-12T03:00:00Z"', undefined],
    ['Schedule: rate(90 days), StartDate: tomorrow', 'StartDate "tomorrow"'],
    ['Schedule: cron(0 3 1 * ? *), StartDate: "2027-01-12T03:00:00Z"', 'cron'],
    ['StartDate: "2027-01-12T03:00:00Z"', 'given without Schedule'],
  ])('%s', (fields, named) => {
    const result = failure(stream(fields));
    if (named === undefined) expect(result).toHaveLength(1);
    else expect(String(result)).toContain(named);
  });
});

describe('YAML', () => {
  it.each(['!Ref Stream', '!Sub "${x}"', '!GetAtt A.B'])(
    'refuses the tag %s, of which only a text would be left',
    (value) => {
      expect(
        failure(
          `Streams: [{StreamName: ${value}, KeyIds: [alias/a, alias/b]}]`,
        ),
      ).toMatchObject({
        name: 'RotationsFileError',
        message: expect.stringContaining(
          `Unresolved tag: ${value.split(' ')[0]}`,
        ),
      });
    },
  );

  it('refuses a second document, which would be left out', () => {
    const text = `Streams: [${ORDERS}]\n---\nStreams: [${ORDERS}]\n`;
    expect(failure(text)).toMatchObject({
      name: 'RotationsFileError',
      message: expect.stringContaining('multiple documents'),
    });
  });

  it.each(['', '# nothing\n', '- orders\n', 'orders', 'streams: []'])(
    'says what the file has to hold: %j',
    (text) => {
      expect(failure(text)).toMatchObject({
        name: 'RotationsFileError',
        message: expect.stringContaining(
          'expected a map of Streams, a list, and optionally Defaults',
        ),
      });
    },
  );

  it('takes anchors and merge keys', () => {
    const text = `
Defaults: &ring {KeyIds: [alias/a, alias/b]}
Streams:
  - {<<: *ring, StreamName: orders, OnDrift: ALERT}
`;
    expect(streamsOf(text)).toEqual([
      {
        StreamName: 'orders',
        KeyIds: ['alias/a', 'alias/b'],
        OnDrift: 'ALERT',
      },
    ]);
  });
});

describe('Deployment', () => {
  const deployment = (settings: string) =>
    `Deployment: ${settings}\nStreams: [${ORDERS}]`;

  it('has defaults', () => {
    const { Deployment } = parseRotations(`Streams: [${ORDERS}]`);
    expect(Deployment).toEqual({ Dashboard: true, SweepMinutes: 5 });
  });

  it('reads its settings', () => {
    const settings = {
      Dashboard: false,
      SweepMinutes: 60,
      PermissionsBoundary:
        'arn:aws-us-gov:iam::111122223333:policy/team/boundary',
      RolePath: '/platform/',
      RoleNamePrefix: 'kinesis-key-rotation-',
      Tags: { CostCenter: '4711', 'team:owner': 'platform@example.com' },
      KmsKeyId:
        'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234567890abcdef1234567890abcdef',
      LogRetentionInDays: 365,
      Vpc: {
        SubnetIds: ['subnet-0123456789abcdef0', 'subnet-01234567'],
        SecurityGroupIds: ['sg-0123456789abcdef0'],
      },
      Architecture: 'x86_64',
      LedgerTableName: 'old_1.ledger-2',
    };
    const { Deployment } = parseRotations(deployment(JSON.stringify(settings)));
    expect(Deployment).toEqual(settings);
  });

  it.each([
    'arn:aws:iam::111122223333:policy/boundary',
    'arn:aws-cn:iam::111122223333:policy/a/b+c=d,e.f@g_h-i',
    'arn:aws:iam::aws:policy/PowerUserAccess',
    'boundary',
    'team/boundary',
  ])('takes PermissionsBoundary %s', (PermissionsBoundary) => {
    const text = deployment(JSON.stringify({ PermissionsBoundary }));
    expect(parseRotations(text).Deployment).toMatchObject({
      PermissionsBoundary,
    });
  });

  const tags = (count: number) =>
    JSON.stringify({
      Tags: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`k${i}`, 'v']),
      ),
    });

  it('takes 49 tags', () => {
    const { Deployment } = parseRotations(deployment(tags(49)));
    expect(Object.keys(Deployment.Tags ?? {})).toHaveLength(49);
  });

  it.each([
    ['{SweepMinutes: 4}', 'SweepMinutes 4 is not a whole number from 5 to 60'],
    ['{SweepMinutes: "5"}', 'SweepMinutes "5" is not a whole number'],
    ['{Dashboard: "no"}', 'Dashboard "no" is not true or false'],
    ...['ab', 'a'.repeat(256), 'led ger', '${LedgerTable}'].map((name) => [
      `{LedgerTableName: "${name}"}`,
      `LedgerTableName "${name.slice(0, 20)}`,
    ]),
    [
      '{LedgerTableName: 123}',
      'LedgerTableName 123 is not the name of a table; expected 3 to 255 of a-z, A-Z, 0-9, _, . and -',
    ],
    ['{SweepMinute: 5}', '"SweepMinute" is not a setting of a deployment'],
    [
      '{PermissionsBoundary: /boundary}',
      'PermissionsBoundary "/boundary" is not the ARN of a policy, such as arn:aws:iam::111122223333:policy/boundary, or its name',
    ],
    [
      '{PermissionsBoundary: "arn:aws:iam::111122223333:role/a"}',
      'PermissionsBoundary "arn:aws:iam::111122223333:role/a" is not the ARN of a policy',
    ],
    ['{RolePath: platform}', 'RolePath "platform" is not a path of IAM'],
    ['{RolePath: "/a b/"}', 'RolePath "/a b/" is not a path of IAM'],
    [`{RolePath: "/${'a'.repeat(511)}/"}`, 'RolePath "/aaa'],
    ['{RolePath: "//{{resolve:x}}/"}', 'RolePath "//{{resolve:x}}/" is not'],
    ['{RoleNamePrefix: "a/"}', 'RoleNamePrefix "a/" is not the beginning of'],
    ['{RoleNamePrefix: ""}', 'RoleNamePrefix "" is not the beginning of'],
    ['{Tags: [a]}', 'Tags ["a"] is not a map of keys and values'],
    ['{Tags: {Cost: 1}}', 'Tags: the value 1 of "Cost" is not a text; put it'],
    ['{Tags: {Cost: ""}}', 'Tags: the value "" of "Cost" has 0 characters'],
    ['{Tags: {a: "${b}"}}', 'Tags: the value "${b}" of "a" has other'],
    ['{Tags: {"aws:x": y}}', 'Tags: "aws:x" begins with aws:'],
    ['{Tags: {"AWS:x": y}}', 'Tags: "AWS:x" begins with aws:'],
    ['{Tags: {"a&b": y}}', 'Tags: "a&b" has other characters than letters'],
    ['{Tags: {Team: a, team: b}}', 'Tags: "Team" and "team" differ in case'],
    [`{Tags: {${'k'.repeat(129)}: v}}`, 'Tags: "kkk'],
    [`{Tags: {k: ${'v'.repeat(257)}}}`, 'Tags: the value "vvv'],
    [tags(50), 'Tags: 50 tags are too many; AWS takes 50 on a resource, and'],
    ['{KmsKeyId: alias/a}', 'KmsKeyId "alias/a" is not a key ARN or a key ID'],
    [
      '{KmsKeyId: "arn:aws:kms:eu-west-1:111122223333:alias/a"}',
      'KmsKeyId "arn:aws:kms:eu-west-1:111122223333:alias/a" is not a key ARN',
    ],
    [
      '{LogRetentionInDays: 31}',
      'LogRetentionInDays 31 is not a number of days that CloudWatch Logs takes: 1, 3, 5, 7, 14, 30, 60',
    ],
    ['{Vpc: vpc-1}', 'Vpc needs SubnetIds and SecurityGroupIds, both of'],
    [
      '{Vpc: {SubnetIds: [subnet-01234567]}}',
      'Vpc needs SubnetIds and SecurityGroupIds, both of them lists',
    ],
    [
      '{Vpc: {SubnetIds: [subnet-01234567], SecurityGroupIds: [sg-01234567], VpcId: vpc-1}}',
      'Vpc: "VpcId" is not known; known are SubnetIds and SecurityGroupIds',
    ],
    [
      '{Vpc: {SubnetIds: [], SecurityGroupIds: [sg-01234567]}}',
      'Vpc: SubnetIds [] is not a list of 1 to 16 such as subnet-',
    ],
    [
      '{Vpc: {SubnetIds: [subnet-01234567], SecurityGroupIds: sg-01234567}}',
      'Vpc: SecurityGroupIds "sg-01234567" is not a list of 1 to 5 such as sg-',
    ],
    ['{Architecture: arm}', 'Architecture "arm" is not arm64 or x86_64'],
  ])('refuses %s', (settings = '', message = '') => {
    expect(failure(deployment(settings))).toMatchObject({
      name: 'RotationsFileError',
      message: expect.stringContaining(`rotations.yml: Deployment: ${message}`),
    });
  });
});

describe('the access check of a stream', () => {
  const ROLE = 'arn:aws:iam::111122223333:role/team/orders-writer';

  it('is read, and stays out of requests', () => {
    const [entry] = streamsOf(
      stream(`Writers: ["${ROLE}"], Readers: [], AccessCheck: FAIL`),
    );
    expect(entry).toMatchObject({ Writers: [ROLE], AccessCheck: 'FAIL' });
    const request = requestFor(entry as RotationsStream);
    expect(Object.keys(request)).toEqual(['StreamName', 'KeyIds']);
    expect(parseRequest(request)).toMatchObject(request);
  });

  it.each([
    ['AccessCheck: warn', 'AccessCheck "warn" is not one of WARN, FAIL, OFF'],
    [`Writers: "${ROLE}"`, `Writers "${ROLE}" is not a list of role ARNs`],
    ['Readers: [orders]', 'Readers "orders" is not the ARN of a role'],
    [
      'Writers: ["arn:aws:iam::111122223333:user/ann"]',
      'Writers "arn:aws:iam::111122223333:user/ann" is not the ARN of a role',
    ],
    [
      'Readers: ["arn:aws:sts::111122223333:assumed-role/orders/one"]',
      'is not the ARN of a role',
    ],
    [`Readers: ["${ROLE}", "${ROLE}"]`, `Readers "${ROLE}" is listed twice`],
    [
      `Writers: [${Array.from({ length: 21 }, (_, n) => `"${ROLE}-${n}"`)}]`,
      'Writers lists 21 roles; expected at most 20',
    ],
  ])('refuses %s', (fields, message) => {
    const error = failure(stream(fields));
    expect(error).toBeInstanceOf(RotationsFileError);
    expect((error as Error).message).toContain(message);
  });
});
