import { parseKnownFiles } from '@smithy/core/config';
import { SettingError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { FORMATS, type OutputFormat } from './flags.ts';

/**
 * The format of a result without --output, from where the AWS CLI takes it:
 * `AWS_DEFAULT_OUTPUT`, or else `output` of the profile in the AWS configuration files.
 *
 * @param profile the value of --profile; `AWS_PROFILE` or `default` without it
 * @returns undefined where neither is set
 * @throws {SettingError} for a format that commands do not have
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-output-format.html
 */
export async function defaultOutput(
  profile: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<OutputFormat | undefined> {
  const { AWS_DEFAULT_OUTPUT } = env;
  if (AWS_DEFAULT_OUTPUT) {
    return checkedFormat('AWS_DEFAULT_OUTPUT', AWS_DEFAULT_OUTPUT);
  }
  const name = profile ?? (env.AWS_PROFILE || 'default');
  const output = (await parseKnownFiles({}))[name]?.output;
  return output
    ? checkedFormat(`output of the AWS profile ${quote(name)},`, output)
    : undefined;
}

function checkedFormat(setting: string, value: string): OutputFormat {
  const format = FORMATS.find((each) => each === value);
  if (format !== undefined) return format;
  throw new SettingError(
    `${setting} ${quote(value)} is not a format of this command; give --output with one of ${FORMATS.join(', ')}`,
  );
}
