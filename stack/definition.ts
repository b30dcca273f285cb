import { type Resources, ref, type Template } from './template.ts';

const PLACEHOLDER = /\$\{(\w+)FunctionArn\}/g;

/**
 * The state machine's definition as text, since the packager drops every null
 * of a template, and `"ResultPath": null` means something.
 *
 * Its functions are published versions, so that an execution that waits for a
 * day goes on with the code that it started with.
 *
 * @param asl the definition in Amazon States Language
 * @throws {Error} for a Task whose function is not in the template
 */
export function definitionProperties(asl: string, { Resources }: Template) {
  const names = [...asl.matchAll(PLACEHOLDER)].map(([, name = '']) => name);
  return {
    DefinitionString: JSON.stringify(JSON.parse(asl)),
    DefinitionSubstitutions: Object.fromEntries(
      [...new Set(names)].map((name) => [
        `${name}FunctionArn`,
        ref(versionOf(name, Resources)),
      ]),
    ),
  };
}

function versionOf(name: string, resources: Resources): string {
  const version = Object.entries(resources).find(
    ([, { Type, Properties }]) =>
      Type === 'AWS::Lambda::Version' &&
      (Properties.FunctionName as { Ref?: string }).Ref ===
        `${name}LambdaFunction`,
  );
  if (version === undefined) {
    throw new Error(
      `The state ${name} has no function with a published version in serverless.yml; add it to functions`,
    );
  }
  return version[0];
}
