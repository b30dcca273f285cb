import { existsSync } from 'node:fs';
import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import StackPlugin from '../../stack/plugin.ts';
import type { Resources } from '../../stack/template.ts';
import { temporaryDirectory } from '../support/local/temporary-directory.ts';

/** What the packager shows without a stack trace. */
class PackagerError extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

interface Given {
  rotations: string;
  stage?: string;
  region?: string;
  /** The file that the packager is told to read. */
  file?: string;
}

const STREAMS = 'Streams: [{StreamName: orders, KeyIds: [alias/a, alias/b]}]';

/** What the packager makes of serverless.yml, as far as the plugin reads it. */
async function packagedResources(): Promise<Resources> {
  const names = (await readdir('functions')).map((file) =>
    file
      .replace('.ts', '')
      .replace(/(?:^|-)(\w)/g, (_, first: string) => first.toUpperCase()),
  );
  const versions = names.map((name) => [
    `${name}LambdaVersion`,
    {
      Type: 'AWS::Lambda::Version',
      Properties: { FunctionName: { Ref: `${name}LambdaFunction` } },
    },
  ]);
  const machine = { Type: 'AWS::StepFunctions::StateMachine', Properties: {} };
  return {
    ...Object.fromEntries(versions),
    RotateStreamStateMachine: { ...machine, Properties: {} },
    RotateFleetStateMachine: { ...machine, Properties: {} },
  };
}

/** A packager with the plugin, and the functions that run at its hooks. */
async function plugin(given: Given) {
  const serviceDir = await temporaryDirectory();
  await writeFile(join(serviceDir, 'rotations.yml'), given.rotations);
  await cp('statemachines', join(serviceDir, 'statemachines'), {
    recursive: true,
  });
  const resources = await packagedResources();
  const define: Record<string, string> = {};
  const { hooks } = new StackPlugin({
    serviceDir,
    service: {
      custom: {
        rotations: given.file ?? 'rotations.yml',
        rights: {},
        esbuild: { define },
      },
      resources: { Resources: resources },
      provider: { compiledCloudFormationTemplate: { Resources: resources } },
    },
    getProvider: () => ({
      getStage: () => given.stage ?? 'dev',
      getRegion: () => given.region ?? 'eu-west-1',
    }),
    classes: { Error: PackagerError },
  });
  return {
    resources,
    define,
    begin: () => hooks['before:package:cleanup']?.(),
    complete: () =>
      hooks['after:aws:package:finalize:mergeCustomProviderResources']?.(),
  };
}

// The plugin moves it for the rest of the process.
beforeEach(async () => {
  vi.stubEnv('TMPDIR', await temporaryDirectory());
});

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('StackPlugin', () => {
  it('takes its temporary files away once, however often it runs in a process', async () => {
    const before = process.listeners('exit');
    const { begin } = await plugin({ rotations: STREAMS });
    await begin();
    const directory = process.env.TMPDIR ?? '';
    await begin();
    const atExit = process
      .listeners('exit')
      .filter((listener) => !before.includes(listener));
    for (const listener of atExit) listener(0);
    expect(atExit).toHaveLength(2);
    expect(existsSync(directory)).toBe(false);
  });

  it('adds what rotations.yml determines', async () => {
    const { begin, resources } = await plugin({ rotations: STREAMS });
    await begin();
    expect(Object.keys(resources)).toEqual(
      expect.arrayContaining(['SweepSchedule', 'Dashboard']),
    );
  });

  it('gives the bundles the ring of each stream', async () => {
    const { begin, define } = await plugin({ rotations: STREAMS });
    await begin();
    expect(JSON.parse(JSON.parse(define.STREAM_BOUNDARIES ?? ''))).toEqual({
      orders: { KeyIds: ['alias/a', 'alias/b'] },
    });
  });

  it('ties the state machines to versions of the functions', async () => {
    const { begin, complete, resources } = await plugin({ rotations: STREAMS });
    await begin();
    await complete();
    expect(resources.RotateStreamStateMachine?.Properties).toMatchObject({
      DefinitionSubstitutions: {
        PlanRotationFunctionArn: { Ref: 'PlanRotationLambdaVersion' },
      },
    });
  });

  it('refuses more streams than a template has room for', async () => {
    const streams = Array.from(
      { length: 200 },
      (_, i) =>
        `  - {StreamName: s${i}, KeyIds: [alias/a, alias/b], Schedule: rate(90 days)}\n`,
    );
    const rotations = `Streams:\n${streams.join('')}`;
    const { begin, complete } = await plugin({ rotations });
    await begin();
    const refusal = await complete()?.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PackagerError);
    expect((refusal as Error).message).toMatch(
      /^rotations\.yml: Streams: 200 streams make \d+ resources/,
    );
  });

  it.each<[string, Given, RegExp]>([
    [
      'a bad rotations.yml',
      { rotations: 'Streams: [{StreamName: orders, KeyIds: [alias/a]}]' },
      /^rotations\.yml: Streams\[0\]: KeyIds \["alias\/a"\] is a ring of 1/,
    ],
    [
      'a key of another Region',
      {
        rotations:
          'Streams: [{StreamName: orders, KeyIds: [alias/a, "arn:aws:kms:us-east-1:111122223333:alias/b"]}]',
      },
      /^rotations\.yml: Streams\[0\]: KeyIds "arn:aws:kms:us-east-1:111122223333:alias\/b" is in Region us-east-1/,
    ],
    [
      'a bad stage',
      { rotations: STREAMS, stage: 'a'.repeat(21) },
      /^--stage "a{21}" is not a stage/,
    ],
    [
      'a file that is not there',
      { rotations: STREAMS, file: 'rotations.prod.yml' },
      /^rotations\.yml cannot be read: .*rotations\.prod\.yml/,
    ],
  ])("refuses %s by the packager's own error", async (_, given, message) => {
    const { begin } = await plugin(given);
    const refusal = await begin()?.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PackagerError);
    expect((refusal as Error).message).toMatch(message);
  });
});
