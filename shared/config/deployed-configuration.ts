import { fieldOf } from '../json.ts';
import { parseRotations, type RotationsFile } from './rotations-file.ts';

/** Where the Metadata of a template keeps the configuration of its stage. */
export const CONFIGURATION_KEY = 'KinesisKeyRotation';

/** The rotations.yml with which a stage was packaged. */
export interface DeployedConfiguration extends RotationsFile {
  /** Of the file's bytes, in hexadecimal digits. */
  RotationsSha256: string;
}

/**
 * Reads the configuration that a template keeps; undefined for the template of an older
 * version, which keeps none.
 *
 * @param template of CloudFormation, of any type
 * @param name of the template, for messages
 * @throws {RotationsFileError} for a configuration that this version cannot use
 */
export function readDeployedConfiguration(
  template: unknown,
  name: string,
): DeployedConfiguration | undefined {
  const kept = fieldOf(fieldOf(template, 'Metadata'), CONFIGURATION_KEY);
  const RotationsSha256 = fieldOf(kept, 'RotationsSha256');
  if (typeof RotationsSha256 !== 'string') return undefined;
  // JSON is YAML, so one parser checks both.
  const text = JSON.stringify({
    Deployment: fieldOf(kept, 'Deployment'),
    Streams: fieldOf(kept, 'Streams'),
  });
  return { RotationsSha256, ...parseRotations(text, name) };
}
