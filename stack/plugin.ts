import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type RotationsStream,
  readRotationsFile,
} from '../shared/config/rotations-file.ts';
import { alarms } from './alarms.ts';
import { boundaryDefine } from './bundling/boundary-define.ts';
import { dashboard } from './dashboard.ts';
import { definitionProperties } from './definition.ts';
import { checkLimits } from './limits.ts';
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
      esbuild: { define: Record<string, string> };
    };
    resources: { Resources: Resources };
    provider: { region?: string; compiledCloudFormationTemplate: Template };
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
}

interface Writers {
  log: Record<'notice' | 'warning', (message: string) => void>;
}

/** Commands that reach no account. */
const OFFLINE = ['package', 'print'];

const STATE_MACHINES = {
  RotateStreamStateMachine: 'rotate-stream.asl.json',
  RotateFleetStateMachine: 'rotate-fleet.asl.json',
};

/**
 * Adds to serverless.yml what rotations.yml determines, before anything is
 * bundled. Ties the state machines to the functions' versions at the end.
 */
export default class StackPlugin {
  readonly hooks: Record<string, () => Promise<void>>;
  readonly #serverless: Serverless;
  readonly #options: Options;
  readonly #log: Writers['log'];
  #entries: RotationsStream[] = [];

  constructor(serverless: Serverless, options: Options, { log }: Writers) {
    this.#serverless = serverless;
    this.#options = options;
    this.#log = log;
    this.hooks = {
      initialize: () => this.#orRefuse(() => this.#setRegion()),
      'before:package:cleanup': () => this.#orRefuse(() => this.#addStreams()),
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
    const { service, serviceDir, getProvider } = this.#serverless;
    const aws = getProvider.call(this.#serverless, 'aws');
    const stage = aws.getStage();
    checkStage(stage);
    keepTemporaryFilesTogether();
    // Files that a killed run left there would go into the next archives.
    await rm(join(serviceDir, '.esbuild'), { recursive: true, force: true });
    const path = resolve(serviceDir, service.custom.rotations);
    this.#entries = await readRotationsFile(path);
    checkRegion(this.#entries, aws.getRegion());
    for (const { StreamName, Schedule, StartDate } of this.#entries) {
      if (!Schedule?.startsWith('rate(') || StartDate) continue;
      this.#log.warning(
        `${StreamName}: ${Schedule} starts its first rotation when it is deployed; give a StartDate, or cron(...)`,
      );
    }
    Object.assign(service.custom.esbuild.define, boundaryDefine(this.#entries));
    Object.assign(service.resources.Resources, {
      ...roles(service.custom.rights, this.#entries, stage),
      ...schedules(this.#entries),
      ...alarms(this.#entries, stage, service.custom.runbook),
      Dashboard: dashboard(this.#entries, stage),
    });
  }

  async #complete(): Promise<void> {
    const { service, serviceDir } = this.#serverless;
    const template = service.provider.compiledCloudFormationTemplate;
    for (const [id, file] of Object.entries(STATE_MACHINES)) {
      const path = join(serviceDir, 'statemachines', file);
      const asl = await readFile(path, 'utf8');
      Object.assign(
        template.Resources[id]?.Properties ?? {},
        definitionProperties(asl, template),
      );
    }
    const { length } = this.#entries;
    const region = this.#options.region;
    const used = checkLimits(template, length, region);
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

/** serverless-esbuild leaves a temporary folder for each function. */
function keepTemporaryFilesTogether(): void {
  const directory = mkdtempSync(join(tmpdir(), 'kinesis-key-rotation-'));
  process.env.TMPDIR = directory;
  process.once('exit', () =>
    rmSync(directory, { recursive: true, force: true }),
  );
}
