import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readDeployedConfiguration } from '../../shared/config/deployed-configuration.ts';
import { bundlesIn } from '../../stack/bundling/archives.ts';
import type { PackagerSettings } from '../../stack/organization/packager-settings.ts';
import StackPlugin from '../../stack/plugin.ts';
import type { Resources, Template } from '../../stack/template.ts';
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
  command?: string;
  options?: { region?: string; 'aws-profile'?: string; param?: string[] };
  /** `provider` of serverless.yml. */
  provider?: PackagerSettings;
}

/** Of the packager, as the plugin reads and sets it. */
interface Provider extends PackagerSettings {
  region?: string;
  stackTags?: Record<string, string>;
  environment?: Record<string, unknown>;
  compiledCloudFormationTemplate: Template;
  coreCloudFormationTemplate?: Template;
}

const STREAMS = 'Streams: [{StreamName: orders, KeyIds: [alias/a, alias/b]}]';

/** What the packager makes of serverless.yml, as far as the plugin reads it. */
async function packagedResources(): Promise<Resources> {
  const names = (await readdir('functions', { recursive: true })).map((file) =>
    basename(file)
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
  const resources = await packagedResources();
  const functions: Record<
    string,
    { handler: string; package?: { artifact: string } }
  > = {
    PlanRotation: { handler: 'functions/plan-rotation.handler' },
    PlanFleet: { handler: 'functions/plan-fleet.handler' },
  };
  const warnings: string[] = [];
  const notices: string[] = [];
  const options: Required<Given>['options'] = given.options ?? {};
  const provider: Provider = {
    ...given.provider,
    environment: { LEDGER_TABLE_NAME: { Ref: 'LedgerTable' } },
    compiledCloudFormationTemplate: { Resources: resources },
  };
  const packager = {
    serviceDir,
    processedInput: { commands: [given.command ?? 'package'] },
    service: {
      custom: {
        rotations: given.file ?? 'rotations.yml',
        runbook: 'docs/operations.md',
        rights: {},
      },
      functions,
      resources: { Resources: resources },
      provider,
    },
    getProvider: () => ({
      getStage: () => given.stage ?? 'dev',
      getRegion: () => given.region ?? 'eu-west-1',
    }),
    classes: { Error: PackagerError },
  };
  const { hooks } = new StackPlugin(packager, options, {
    log: {
      notice: (message) => notices.push(message),
      warning: (message) => warnings.push(message),
    },
  });
  return {
    warnings,
    notices,
    options,
    provider,
    initialize: () => hooks.initialize?.(),
    resources,
    bundles: () => bundlesIn(join(serviceDir, '.serverless')),
    bundle: () => hooks['before:package:createDeploymentArtifacts']?.(),
    functions,
    initializePackage: () => hooks['after:package:initialize']?.(),
    begin: () => hooks['before:package:cleanup']?.(),
    complete: () =>
      hooks['after:aws:package:finalize:mergeCustomProviderResources']?.(),
  };
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the Region', () => {
  const none = { AWS_REGION: undefined, AWS_DEFAULT_REGION: undefined };

  beforeEach(async () => {
    const config = join(await temporaryDirectory(), 'config');
    await writeFile(config, '[profile prod]\nregion = eu-central-1\n');
    vi.stubEnv('AWS_CONFIG_FILE', config);
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', `${config}-none`);
    vi.stubEnv('AWS_PROFILE', undefined);
    for (const [name, value] of Object.entries(none)) vi.stubEnv(name, value);
  });

  it.each<[string, object, Record<string, string>, string]>([
    ['the flag', { region: 'eu-west-1' }, { AWS_REGION: 'x' }, 'eu-west-1'],
    ['AWS_REGION', {}, { AWS_REGION: 'eu-west-2' }, 'eu-west-2'],
    [
      'AWS_DEFAULT_REGION',
      {},
      { AWS_DEFAULT_REGION: 'eu-west-3' },
      'eu-west-3',
    ],
    ['--aws-profile', { 'aws-profile': 'prod' }, {}, 'eu-central-1'],
    ['AWS_PROFILE', {}, { AWS_PROFILE: 'prod' }, 'eu-central-1'],
  ])('is that of %s', async (_, options, env, expected) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const packager = await plugin({
      rotations: STREAMS,
      command: 'deploy',
      options,
    });
    await packager.initialize();
    expect(packager.options.region).toBe(expected);
    expect(packager.provider.region).toBe(expected);
  });

  it('is needed to deploy, not to package', async () => {
    const rotations = STREAMS;
    for (const command of ['deploy', 'remove']) {
      const { initialize } = await plugin({ rotations, command });
      await expect(initialize()).rejects.toThrow(
        `No Region is given for ${command}; give --region, AWS_REGION, or a profile with a region`,
      );
    }
    const { initialize } = await plugin({ rotations });
    await initialize();
  });
});

describe('StackPlugin', () => {
  it('warns of a rate whose first rotation starts at once', async () => {
    const rotations = `Defaults: {KeyIds: [alias/a, alias/b]}
Streams:
  - {StreamName: at-once, Schedule: rate(90 days)}
  - {StreamName: later, Schedule: rate(90 days), StartDate: "2027-01-01T00:00:00Z"}
  - {StreamName: cron, Schedule: cron(0 3 1 * ? *)}
  - {StreamName: none}
`;
    const { begin, warnings, resources } = await plugin({ rotations });
    await begin();
    expect(warnings).toEqual([
      'at-once: rate(90 days) starts its first rotation when it is deployed; give a StartDate, or cron(...)',
    ]);
    const dates = Object.values(resources)
      .filter(({ Properties }) => Properties.StartDate)
      .map(({ Properties }) => [Properties.Name, Properties.StartDate]);
    expect(dates).toEqual([['rotate-later', '2027-01-01T00:00:00Z']]);
  });

  it.each([
    ['eu-west-1', 300],
    ['eu-south-1', 100],
  ])('says in %s how much of the limits is used', async (region, rules) => {
    const packager = await plugin({ rotations: STREAMS, options: { region } });
    await packager.initialize();
    await packager.begin();
    await packager.complete();
    const resources = Object.keys(packager.resources).length;
    expect(packager.notices).toEqual([
      `1 stream: ${resources} of 500 resources of a stack, and 1 of the ${rules} rules that an event bus takes by default`,
    ]);
  });

  it('adds what rotations.yml determines', async () => {
    const { begin, resources } = await plugin({ rotations: STREAMS });
    await begin();
    expect(Object.keys(resources)).toEqual(
      expect.arrayContaining(['SweepSchedule', 'Dashboard']),
    );
  });

  it('leaves the dashboard out where Deployment says so', async () => {
    const rotations = `Deployment: {Dashboard: false}\n${STREAMS}`;
    const { begin, resources } = await plugin({ rotations });
    await begin();
    expect(Object.keys(resources)).toContain('SweepSchedule');
    expect(Object.keys(resources)).not.toContain('Dashboard');
  });

  it.each([
    ['Deployment: {LedgerTableName: old-ledger}\n', 'old-ledger'],
    ['', { Ref: 'LedgerTable' }],
  ])('gives the functions the ledger of %j', async (settings, name) => {
    const { begin, provider } = await plugin({
      rotations: `${settings}${STREAMS}`,
    });
    await begin();
    expect(provider.environment).toEqual({ LEDGER_TABLE_NAME: name });
  });

  it('bundles each function, with the rings where it checks them', async () => {
    const { begin, bundle, bundles, functions } = await plugin({
      rotations: STREAMS,
    });
    await begin();
    await bundle();
    const texts = Object.fromEntries(
      (await bundles()).map(({ name, code }) => [
        name,
        Buffer.from(code).toString(),
      ]),
    );
    expect(Object.keys(texts)).toEqual(['PlanFleet', 'PlanRotation']);
    expect(texts.PlanRotation).toContain(
      String.raw`{\"orders\":{\"KeyIds\":[\"alias/a\",\"alias/b\"]}}`,
    );
    expect(texts.PlanFleet).not.toContain('alias/a');
    expect(functions.PlanRotation?.package?.artifact).toMatch(
      /\.serverless\/PlanRotation\.zip$/,
    );
  });

  it('writes the same archive for the same code', async () => {
    const archives = await Promise.all(
      [1, 2].map(async () => {
        const { begin, bundle, functions } = await plugin({
          rotations: STREAMS,
        });
        await begin();
        await bundle();
        return readFile(functions.PlanRotation?.package?.artifact ?? '');
      }),
    );
    expect(archives[0]?.equals(archives[1] ?? Buffer.of())).toBe(true);
  });

  it('gives the stack and its first bucket the settings', async () => {
    const rotations = `Deployment: {Tags: {Team: data}, LogRetentionInDays: 30}\n${STREAMS}`;
    const { begin, initializePackage, provider } = await plugin({ rotations });
    provider.stackTags = { Stage: 'dev' };
    provider.coreCloudFormationTemplate = {
      Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: {} } },
    };
    await begin();
    await initializePackage();
    expect(provider.stackTags).toEqual({ Stage: 'dev', Team: 'data' });
    expect(provider.coreCloudFormationTemplate.Resources).toEqual({
      Bucket: {
        Type: 'AWS::S3::Bucket',
        Properties: { Tags: [{ Key: 'Team', Value: 'data' }] },
      },
    });
  });

  it('keeps the versions of functions, whatever becomes of the resource', async () => {
    const { begin, complete, resources } = await plugin({ rotations: STREAMS });
    await begin();
    await complete();
    expect(resources.PlanRotationLambdaVersion).toMatchObject({
      UpdateReplacePolicy: 'Retain',
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

  it('keeps in the template the streams with their defaults, and the hash of the file', async () => {
    const rotations = `Deployment: {SweepMinutes: 15}
Defaults: {KeyIds: [alias/a, alias/b]}
Streams: [{StreamName: orders, Probe: {PartitionKey: p, Data: e30=}}]
`;
    const { begin, complete, provider } = await plugin({ rotations });
    await begin();
    await complete();
    const template = JSON.parse(
      JSON.stringify(provider.compiledCloudFormationTemplate),
    );
    expect(readDeployedConfiguration(template, 'it')).toEqual({
      RotationsSha256: createHash('sha256').update(rotations).digest('hex'),
      Deployment: { Dashboard: true, SweepMinutes: 15 },
      Streams: [
        {
          KeyIds: ['alias/a', 'alias/b'],
          StreamName: 'orders',
          Probe: { PartitionKey: 'p', Data: 'e30=' },
        },
      ],
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
      /\/rotations\.yml: Streams: 200 streams make \d+ resources/,
    );
  });

  it.each<[string, Given, RegExp]>([
    [
      'a bad rotations.yml',
      {
        rotations:
          'Streams: [{StreamName: orders, KeyIds: [alias/aws/kinesis]}]',
      },
      /\/rotations\.yml: Streams\[0\]: KeyIds \["alias\/aws\/kinesis"\] is a ring of 1/,
    ],
    [
      'a key of another Region',
      {
        rotations:
          'Streams: [{StreamName: orders, KeyIds: [alias/a, "arn:aws:kms:us-east-1:111122223333:alias/b"]}]',
      },
      /\/rotations\.yml: Streams\[0\]: KeyIds "arn:aws:kms:us-east-1:111122223333:alias\/b" is in Region us-east-1/,
    ],
    [
      'a key of the deployment in another Region',
      {
        rotations: `Deployment: {KmsKeyId: "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012"}\n${STREAMS}`,
      },
      /\/rotations\.yml: Deployment: KmsKeyId "arn:aws:kms:us-east-1:\S+" is in Region us-east-1, and the service is deployed to eu-west-1/,
    ],
    [
      'a setting that the packager would ignore',
      {
        rotations: STREAMS,
        provider: { iam: { role: { permissionsBoundary: 'arn' } } },
      },
      /^serverless\.yml: provider\.iam\.role\.permissionsBoundary has no effect/,
    ],
    [
      'two architectures',
      {
        rotations: `Deployment: {Architecture: arm64}\n${STREAMS}`,
        options: { param: ['architecture=x86_64'] },
      },
      /^--param architecture=x86_64 contradicts Architecture arm64/,
    ],
    [
      'a bad stage',
      { rotations: STREAMS, stage: 'a'.repeat(21) },
      /^--stage "a{21}" is not a stage/,
    ],
    [
      'a file that is not there',
      { rotations: STREAMS, file: 'rotations.prod.yml' },
      /\/rotations\.prod\.yml cannot be read: .*rotations\.prod\.yml/,
    ],
  ])("refuses %s by the packager's own error", async (_, given, message) => {
    const { begin } = await plugin(given);
    const refusal = await begin()?.catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PackagerError);
    expect((refusal as Error).message).toMatch(message);
  });
});
