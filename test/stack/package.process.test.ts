import { existsSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packaged } from '../support/stack/packaged.ts';

async function run(rotations?: string, args?: string[]) {
  const result = await packaged(rotations, args);
  onTestFinished(result.remove);
  return result;
}

const stream = (i: number) =>
  `  - StreamName: stream-${i}.with-a-name-of-some-length
    KeyIds: [alias/stream-${i}-a, alias/stream-${i}-b, alias/stream-${i}-c]
    Schedule: rate(90 days)
    Alarms: [stream-${i}-alarm]
`;

describe('npm run package', () => {
  it('packages 50 streams, inside the limits of CloudFormation', async () => {
    const streams = Array.from({ length: 50 }, (_, i) => stream(i));
    const { output, template, leftOver } = await run(
      `Streams:\n${streams.join('')}`,
    );
    expect(output).toContain('Service packaged');
    expect(await leftOver()).toEqual([]);
    const { Resources } = await template();
    expect(Object.keys(Resources).length).toBeLessThan(500);
    expect(JSON.stringify(Resources).length).toBeLessThan(1_048_576);
    for (const [prefix, more] of [
      ['RotateSchedule', 0],
      ['AlarmRule', 0],
      ['DriftAlarm', 0],
      ['SweepSchedule', 1 - 50],
    ] as const) {
      const ids = Object.keys(Resources).filter((id) => id.startsWith(prefix));
      expect(ids, prefix).toHaveLength(50 + more);
    }
  });

  it.each(['us-gov-west-1', 'cn-north-1'])(
    'packages for %s without an ARN of another partition',
    async (region) => {
      const { exitCode, template } = await run(`Streams:\n${stream(0)}`, [
        '--region',
        region,
      ]);
      expect(exitCode).toBe(0);
      const text = JSON.stringify(await template());
      expect(text.match(/arn:aws[^"]*|us-east-1/g)).toBeNull();
      expect(text.match(/arn:[^:]*:states:::states:[^"\\]*/g)).toEqual([
        'arn:${Partition}:states:::states:startExecution.sync:2',
      ]);
    },
  );

  it('attaches an existing ledger, by new versions of the functions', async () => {
    const runs = await Promise.all(
      ['', 'Deployment: {LedgerTableName: old-ledger}\n'].map((settings) =>
        run(`${settings}Streams:\n${stream(0)}`),
      ),
    );
    const [own, attached] = await Promise.all(
      runs.map(({ template }) => template()),
    );
    const text = JSON.stringify(attached);
    expect(text).not.toMatch(/"LedgerTable["./]|\$\{LedgerTable[}.]/);
    expect(text).not.toContain('AWS::DynamoDB::Table');
    expect(attached?.Outputs?.LedgerTableName).toEqual({ Value: 'old-ledger' });
    expect(attached?.Resources.ReserveQuotaLambdaFunction).toMatchObject({
      Properties: {
        Environment: { Variables: { LEDGER_TABLE_NAME: 'old-ledger' } },
      },
    });
    expect(own?.Resources).toHaveProperty('LedgerTable');
    // A state machine calls versions, and a version keeps its environment.
    const versions = Object.keys(attached?.Resources ?? {}).filter((id) =>
      id.includes('LambdaVersion'),
    );
    expect(versions).toHaveLength(15);
    for (const id of versions) expect(own?.Resources).not.toHaveProperty(id);
  });

  it('refuses a bad rotations.yml with one message', async () => {
    const { exitCode, output, leftOver } = await run(
      'Streams: [{StreamName: orders, KeyIds: [alias/aws/kinesis]}]',
    );
    expect(exitCode).toBe(2);
    expect(output).toMatch(
      /^RotationsFileError: \S+\/rotations\.yml: Streams\[0\]: KeyIds \["alias\/aws\/kinesis"\] is a ring of 1/m,
    );
    expect(output).not.toMatch(/^\s+at /m);
    expect(await leftOver()).toEqual([]);
  });

  it.each([
    [
      ['--stage', ''],
      '--stage "" is not a stage; expected a letter, then at most 19 letters, digits or hyphens\n',
    ],
    [
      ['--stage', 'a b'],
      '--stage "a b" is not a stage; expected a letter, then at most 19 letters, digits or hyphens\n',
    ],
    [
      ['--param', 'rotation=prod.yml'],
      '--param "rotation=prod.yml" is not a parameter; expected architecture=..., runbook=...\n',
    ],
    [
      ['--param', 'architecture'],
      '--param "architecture" is not a parameter; expected architecture=..., runbook=...\n',
    ],
    [
      ['--param', 'rotations=prod.yml'],
      '--param "rotations=prod.yml" is not a parameter; name the file with --rotations\n',
    ],
  ])('refuses %j in one line, and writes nothing', async (args, line) => {
    const { exitCode, output, directory, leftOver } = await run(
      undefined,
      args,
    );
    expect(output).toBe(`InvalidRequest: ${line}`);
    expect(exitCode).toBe(2);
    expect(existsSync(directory)).toBe(false);
    expect(await leftOver()).toEqual([]);
  });
});
