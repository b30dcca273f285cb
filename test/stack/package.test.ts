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

  it.each([
    [
      'a bad rotations.yml',
      'Streams: [{StreamName: orders, KeyIds: [alias/a]}]',
      [],
      /^rotations\.yml: Streams\[0\]: KeyIds \["alias\/a"\] is a ring of 1/m,
    ],
    [
      'more streams than fit',
      `Streams:\n${Array.from({ length: 200 }, (_, i) => stream(i)).join('')}`,
      [],
      /^rotations\.yml: Streams: 200 streams make \d+ resources/m,
    ],
    [
      'a key of another Region',
      'Streams: [{StreamName: orders, KeyIds: [alias/a, "arn:aws:kms:us-east-1:111122223333:alias/b"]}]',
      ['--region', 'eu-west-1'],
      /^rotations\.yml: Streams\[0\]: KeyIds "arn:aws:kms:us-east-1:111122223333:alias\/b" is in Region us-east-1/m,
    ],
    [
      'a bad stage',
      undefined,
      ['--stage', 'a'.repeat(21)],
      /^--stage "a{21}" is not a stage/m,
    ],
    [
      'a file that is not there',
      undefined,
      ['--param', 'rotations=rotations.prod.yml'],
      /^rotations\.yml cannot be read: .*rotations\.prod\.yml/m,
    ],
  ])('refuses %s with one message', async (_, rotations, args, message) => {
    const { exitCode, output, leftOver } = await run(rotations, args);
    expect(exitCode).toBe(1);
    expect(output).toMatch(message);
    expect(output).not.toMatch(/^\s+at /m);
    expect(await leftOver()).toEqual([]);
  });
});
