import { build } from 'esbuild';

/** How IAM calls the services, by the SDK's packages. */
const PREFIXES: Record<string, string> = {
  '@aws-sdk/client-cloudwatch': 'cloudwatch',
  '@aws-sdk/client-dynamodb': 'dynamodb',
  '@aws-sdk/client-eventbridge': 'events',
  '@aws-sdk/client-kinesis': 'kinesis',
  '@aws-sdk/client-kms': 'kms',
  '@aws-sdk/client-sfn': 'states',
  '@aws-sdk/client-sns': 'sns',
};

/**
 * The IAM actions of the SDK calls that a function's bundle can make, in
 * alphabetical order: the commands that are made anywhere in what esbuild
 * leaves of it when it has dropped what the function does not use.
 */
export async function sdkCalls(handlerFile: string): Promise<string[]> {
  const { outputFiles } = await build({
    entryPoints: [handlerFile],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    write: false,
  });
  const code = outputFiles[0]?.text ?? '';
  const calls = [
    ...code.matchAll(/import \{([^}]*)\} from "(@aws-sdk\/client-[a-z]+)"/g),
  ].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.trim().split(' as ')[0] ?? '')
      .filter(
        (name) =>
          (name.endsWith('Command') && code.includes(`new ${name}(`)) ||
          (name.startsWith('paginate') && code.includes(`${name}(`)),
      )
      .map(
        (name) => `${PREFIXES[from]}:${name.replace(/Command$|^paginate/, '')}`,
      ),
  );
  return [...new Set(calls)].sort();
}
