import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  CONFIGURATION_KEY,
  type DeployedConfiguration,
} from '../shared/config/deployed-configuration.ts';
import {
  type DeploymentSettings,
  readDeploymentSettings,
} from '../shared/config/deployment-settings.ts';
import {
  parseRotations,
  readRotationsContent,
} from '../shared/config/rotations-file.ts';
import type { RotationsStream } from '../shared/config/rotations-stream.ts';
import { shownPath } from '../shared/config/shown-path.ts';
import { withWatchAlarms } from '../shared/config/watch-alarms.ts';
import { PACKAGE_ROOT } from '../shared/package-root.ts';
import { alarms } from './alarms.ts';
import { writeArchive } from './bundling/archives.ts';
import { functionCode } from './bundling/function-code.ts';
import { insertBoundaries } from './bundling/insert-boundaries.ts';
import { dashboard } from './dashboard.ts';
import { definitionProperties } from './definition.ts';
import { checkLimits } from './limits.ts';
import { sourceFile } from './names.ts';
import { TOPIC_KEY } from './organization/key.ts';
import { attachLedgerTable } from './organization/ledger-table.ts';
import { organize } from './organization/organize.ts';
import {
  checkPackagerSettings,
  type PackagerSettings,
} from './organization/packager-settings.ts';
import { addKeyRights } from './organization/rights.ts';
import { checkRegion, chosenRegion } from './region.ts';
import { type Rights, roles } from './roles.ts';
import { schedules } from './schedules.ts';
import { checkStage } from './stage.ts';
import type { Resources, Template } from './template.ts';

/** The part of the packager that the plugin uses. */
interface Serverless {
  serviceDir: string;
  /** Of the command line, such as `deploy`. */
  processedInput: { commands: string[] };
  service: {
    custom: {
      rotations: string;
      /** The page of the runbook, a path or a URL. */
      runbook: string;
      rights: Rights;
    };
    functions: Record<
      string,
      { handler: string; package?: { artifact: string } }
    >;
    resources: { Resources: Resources };
    provider: PackagerSettings & {
      region?: string;
      environment?: Record<string, unknown>;
      compiledCloudFormationTemplate: Template;
      /** Of the first deployment: the deployment bucket alone. */
      coreCloudFormationTemplate?: Template;
      stackTags?: Record<string, string>;
    };
  };
  getProvider: (name: 'aws') => {
    getStage: () => string;
    getRegion: () => string;
  };
  classes: { Error: new (message: string, code: string) => Error };
}

interface Options {
  region?: string;
  'aws-profile'?: string;
  /** Each `name=value`. */
  param?: string[];
}

interface Writers {
  log: Record<'notice' | 'warning', (message: string) => void>;
}

/** Commands that reach no account. */
const OFFLINE = ['package', 'print'];

const VERSION = 'AWS::Lambda::Version';

const STATE_MACHINES = {
  RotateStreamStateMachine: 'rotate-stream.asl.json',
  RotateFleetStateMachine: 'rotate-fleet.asl.json',
};

/**
 * Adds to serverless.yml what rotations.yml determines, and bundles the functions.
 * Ties the state machines to the functions' versions at the end.
 */
export default class StackPlugin {
  readonly hooks: Record<string, () => Promise<void>>;
  readonly #serverless: Serverless;
  readonly #options: Options;
  readonly #log: Writers['log'];
  #entries: RotationsStream[] = [];
  #settings: DeploymentSettings = readDeploymentSettings({});
  #configuration: DeployedConfiguration | undefined;

  constructor(serverless: Serverless, options: Options, { log }: Writers) {
    this.#serverless = serverless;
    this.#options = options;
    this.#log = log;
    this.hooks = {
      initialize: () => this.#orRefuse(() => this.#setRegion()),
      'before:package:cleanup': () => this.#orRefuse(() => this.#addStreams()),
      'after:package:initialize': () =>
        this.#orRefuse(() => this.#organizeBucket()),
      'before:package:createDeploymentArtifacts': () =>
        this.#orRefuse(() => this.#bundle()),
      'after:aws:package:finalize:mergeCustomProviderResources': () =>
        this.#orRefuse(() => this.#complete()),
    };
  }

  /** Never deploys to a Region that was not chosen. */
  async #setRegion(): Promise<void> {
    const { processedInput, service } = this.#serverless;
    const [command = ''] = processedInput.commands;
    const region = await chosenRegion(this.#options);
    if (region === undefined) {
      if (OFFLINE.includes(command)) return;
      throw new Error(
        `No Region is given for ${command}; give --region, AWS_REGION, or a profile with a region`,
      );
    }
    this.#options.region = region;
    service.provider.region = region;
  }

  async #addStreams(): Promise<void> {
    const { service } = this.#serverless;
    const aws = this.#serverless.getProvider('aws');
    const stage = aws.getStage();
    checkStage(stage);
    const content = await readRotationsContent(this.#file());
    const file = parseRotations(content.toString(), shownPath(this.#file()));
    const { Streams, Deployment } = file;
    this.#entries = Streams.map((entry) => withWatchAlarms(entry, stage));
    this.#settings = Deployment;
    this.#configuration = {
      RotationsSha256: createHash('sha256').update(content).digest('hex'),
      ...file,
    };
    checkPackagerSettings(service.provider, Deployment, this.#options.param);
    for (const { StreamName, Schedule, StartDate } of this.#entries) {
      if (!Schedule?.startsWith('rate(') || StartDate) continue;
      this.#log.warning(
        `${StreamName}: ${Schedule} starts its first rotation when it is deployed; give a StartDate, or cron(...)`,
      );
    }
    const { Resources } = service.resources;
    const { Tags, KmsKeyId } = Deployment;
    if (Tags) {
      service.provider.stackTags = { ...service.provider.stackTags, ...Tags };
    }
    addKeyRights(KmsKeyId, Resources);
    if (KmsKeyId) delete Resources[TOPIC_KEY];
    this.#ofFile(() => {
      checkRegion(this.#entries, aws.getRegion(), Deployment);
      Object.assign(Resources, {
        ...roles(service.custom.rights, this.#entries, stage, Deployment),
        ...schedules(this.#entries, Deployment),
        ...alarms(this.#entries, stage, Deployment, service.custom.runbook),
        ...(Deployment.Dashboard && {
          Dashboard: dashboard(this.#entries, stage),
        }),
      });
    });
    attachLedgerTable(service, Deployment);
  }

  /** A first deployment makes the bucket before everything else. */
  async #organizeBucket(): Promise<void> {
    const { coreCloudFormationTemplate: template } =
      this.#serverless.service.provider;
    if (template !== undefined) this.#organize(template);
  }

  #organize(template: Template): void {
    const stage = this.#serverless.getProvider('aws').getStage();
    this.#ofFile(() => organize(template, this.#settings, stage));
  }

  /** The absolute path of rotations.yml. */
  #file(): string {
    const { service, serviceDir } = this.#serverless;
    return resolve(serviceDir, service.custom.rotations);
  }

  /** Names the file in the errors of its streams and settings. */
  #ofFile<T>(task: () => T): T {
    try {
      return task();
    } catch (error) {
      throw new Error(
        `${shownPath(this.#file())}: ${(error as Error).message}`,
      );
    }
  }

  /** The packager takes the archive of each function as it is. */
  async #bundle(): Promise<void> {
    const { service, serviceDir } = this.#serverless;
    const directory = join(serviceDir, '.serverless');
    const handlers = Object.values(service.functions);
    const codes = await functionCode(
      handlers.map(({ handler }) => sourceFile(handler)),
    );
    const bundled = Object.entries(service.functions).map(
      async ([name, fields]) => {
        const source = sourceFile(fields.handler);
        const code = codes.get(source);
        if (code === undefined) throw new Error(`${source} has no bundle`);
        const text = insertBoundaries(code, this.#entries);
        const artifact = await writeArchive(
          directory,
          { name, code: Buffer.from(text) },
          source.replace(/\.ts$/, '.js'),
        );
        fields.package = { artifact };
      },
    );
    await Promise.all(bundled);
  }

  async #complete(): Promise<void> {
    const { service } = this.#serverless;
    const template = service.provider.compiledCloudFormationTemplate;
    this.#organize(template);
    for (const resource of Object.values(template.Resources)) {
      // The packager says it for the deletion of a version alone.
      if (resource.Type === VERSION) resource.UpdateReplacePolicy = 'Retain';
    }
    for (const [id, file] of Object.entries(STATE_MACHINES)) {
      const url = new URL(`statemachines/${file}`, PACKAGE_ROOT);
      const asl = await readFile(url, 'utf8');
      Object.assign(
        template.Resources[id]?.Properties ?? {},
        definitionProperties(asl, template),
      );
    }
    template.Metadata = { [CONFIGURATION_KEY]: this.#configuration };
    const { length } = this.#entries;
    const region = this.#options.region;
    const used = this.#ofFile(() => checkLimits(template, length, region));
    this.#log.notice(`${length} stream${length === 1 ? '' : 's'}: ${used}`);
  }

  /** The packager shows errors of its own class without a stack trace. */
  async #orRefuse(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      throw new this.#serverless.classes.Error(
        (error as Error).message,
        'KINESIS_KEY_ROTATION',
      );
    }
  }
}
