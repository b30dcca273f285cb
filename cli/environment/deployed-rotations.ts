import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import {
  type DeployedConfiguration,
  readDeployedConfiguration,
} from '../../shared/config/deployed-configuration.ts';
import {
  parseRotations,
  RotationsFileError,
  readRotationsContent,
} from '../../shared/config/rotations-file.ts';
import { shownPath } from '../../shared/config/shown-path.ts';
import { legible } from '../../shared/errors/text.ts';
import { serviceName } from '../../shared/identifiers/service-names.ts';
import { parseJson } from '../../shared/json.ts';
import { CouldNotAskError } from '../errors/command-error.ts';
import { sha256 } from '../report/formats/sha256-file.ts';
import { type AwsOptions, noStack, setAwsVariables } from './deployment.ts';
import { readTemplate } from './stack.ts';

/**
 * Reads the rotations.yml that a stage was deployed with. One line on stderr says where
 * the local file is another one, and why the stack does not have it.
 *
 * @param path of the local file
 * @returns undefined where the caller may not read the template, and for the stack of an
 *   older version, which keeps none
 * @throws {CouldNotAskError} where there is no stack, or a newer version deployed it
 */
export async function readDeployedRotations(
  options: AwsOptions & { stage: string },
  path: string,
  signal: AbortSignal,
): Promise<DeployedConfiguration | undefined> {
  const { stage } = options;
  const deployed = await configurationOf(options, signal);
  const file = shownPath(path);
  if (typeof deployed === 'string') {
    say(`${deployed}; this command uses ${file}`);
    return undefined;
  }
  if (await isOther(path, deployed)) {
    say(
      `${file} differs from what is deployed to stage ${stage}; this command uses the deployed one; deploy it, or give --rotations`,
    );
  }
  return deployed;
}

/** The configuration, or why the stack does not have it. */
async function configurationOf(
  options: AwsOptions & { stage: string },
  signal: AbortSignal,
): Promise<DeployedConfiguration | string> {
  setAwsVariables(options);
  const { stage } = options;
  const stack = serviceName(stage);
  let body: string | undefined;
  try {
    body = await readTemplate(stack, signal);
  } catch (error) {
    const { name, message } = error as Error;
    if (!name.startsWith('AccessDenied')) throw error;
    return `The rotations.yml that is deployed to stage ${stage} is unknown (${name}: ${message})`;
  }
  if (body === undefined) throw noStack(stage);
  try {
    return (
      readDeployedConfiguration(parseJson(body), `rotations.yml of ${stack}`) ??
      `An older version deployed stage ${stage}, and its stack keeps no rotations.yml`
    );
  } catch (error) {
    if (!(error instanceof RotationsFileError)) throw error;
    throw new CouldNotAskError(
      `${error.message}. Another version deployed it: use that version, or give --rotations`,
    );
  }
}

/** Whether the local file is there and says something else. */
async function isOther(
  path: string,
  { RotationsSha256, ...deployed }: DeployedConfiguration,
): Promise<boolean> {
  if (!existsSync(path)) return false;
  try {
    const content = await readRotationsContent(path);
    if (sha256(content) === RotationsSha256) return false;
    return !isDeepStrictEqual(parseRotations(content.toString()), deployed);
  } catch {
    // Whatever it says, it was not deployed.
    return true;
  }
}

function say(line: string): void {
  process.stderr.write(`${legible(line)}\n`);
}
