import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import { withEnvironment } from '../environment/environment.ts';
import { locateStreams } from '../environment/locate-stream.ts';
import { checkStreamFlags, type StreamOptions } from '../input/streams.ts';
import { type OutputOptions, render } from '../output/render.ts';
import type { KeysAnswer } from './judge-keys.ts';
import { coverageDocument, keyDocument } from './keys-document.ts';
import { keysText, retirementText } from './keys-text.ts';
import { lookAtKeys } from './look-at-keys.ts';
import { type AwsFlags, keptReason, retirementSteps } from './retirement.ts';
import { withStreamClients } from './stream-clients.ts';

export interface KeysOptions extends AwsOptions, OutputOptions, StreamOptions {
  safeToRetire?: boolean;
}

/**
 * Prints every key that a stream, or each of rotations.yml, is or was under, and until
 * when its records need it. Looks at all streams of the account and Region, since they
 * may share keys. Writes nothing.
 *
 * @returns the exit code: 1 where it is not known whether records need a key
 */
export async function keys(
  options: KeysOptions,
  context: CommandContext,
): Promise<number> {
  checkStreamFlags(options);
  return withEnvironment(options, context, async (environment) => {
    const chosen = await locateStreams(options, environment, context);
    const { answer } = await withStreamClients((clients) =>
      lookAtKeys(chosen, options, clients, environment, context),
    );
    const where = { region: environment.region, profile: options.profile };
    const text = options.safeToRetire
      ? render(retirementDocument(answer, where), options, () =>
          retirementText(answer, where),
        )
      : render(answerDocument(answer), options, () => keysText(answer, where));
    process.stdout.write(text);
    return answer.keys.some(({ verdict }) => verdict === 'NOT_KNOWN') ? 1 : 0;
  });
}

function answerDocument(answer: KeysAnswer): object {
  return {
    Keys: answer.keys.map(keyDocument),
    Coverage: coverageDocument(answer),
  };
}

function retirementDocument(answer: KeysAnswer, where: AwsFlags): object {
  const all = answer.keys.map((key) => ({
    key,
    reason: keptReason(key, answer),
  }));
  return {
    Keys: all
      .filter(({ reason }) => reason === undefined)
      .map(({ key }) => ({
        ...keyDocument(key),
        Steps: retirementSteps(
          String(key.KeyArn),
          key.state.metadata?.KeyState === 'Enabled',
          where,
          answer.at,
        ).map(({ purpose, command, back }) => ({
          Purpose: purpose,
          Command: command,
          ...(back !== undefined && { Back: back }),
        })),
      })),
    Kept: all
      .filter(({ reason }) => reason !== undefined)
      .map(({ key: { KeyArn = null, keyIds }, reason }) => ({
        KeyArn,
        KeyIds: keyIds,
        Reason: reason,
      })),
    Coverage: coverageDocument(answer),
  };
}
