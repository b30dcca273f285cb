import { type Resources, ref, type Template } from './template.ts';

/** The checkers of definitions know no other partition. */
const INTEGRATION = 'arn:aws:states:';
const PLACEHOLDER = /\$\{((\w+?)(Function|StateMachine))Arn\}/g;

/**
 * The state machine's definition as text, since the packager drops every null
 * of a template, and `"ResultPath": null` means something.
 *
 * Its functions are published versions, so that an execution that waits for a
 * day goes on with the code that it started with; other state machines that it
 * starts are as they are at the time. The ARN of a service integration carries the
 * partition, else the execution fails in GovCloud and China.
 *
 * @param asl the definition in Amazon States Language
 * @throws {Error} for a Task whose function or state machine is not in the
 *   template
 */
export function definitionProperties(asl: string, { Resources }: Template) {
  const text = JSON.stringify(JSON.parse(asl));
  const substitutions = [...asl.matchAll(PLACEHOLDER)].map(
    ([, id = '', name = '', kind]) => [
      `${id}Arn`,
      ref(
        kind === 'Function'
          ? versionOf(name, Resources)
          : stateMachine(id, Resources),
      ),
    ],
  );
  const hasIntegration = text.includes(INTEGRATION);
  return {
    DefinitionString: text.replaceAll(INTEGRATION, 'arn:${Partition}:states:'),
    DefinitionSubstitutions: Object.fromEntries([
      ...substitutions,
      ...(hasIntegration ? [['Partition', ref('AWS::Partition')]] : []),
    ]),
  };
}

function stateMachine(id: string, resources: Resources): string {
  if (resources[id]) return id;
  throw new Error(`There is no ${id} in serverless.yml; add it to resources`);
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
