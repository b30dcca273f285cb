import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { withHangUps } from '../../../local/instruments/hang-ups.ts';
import { listen } from '../local/listen.ts';
import type { AtEnd } from '../local/temporary-directory.ts';

/** A stack by its outputs; a stack with none may be on its way. */
type Stacks = Record<string, Record<string, string>>;

/** The logical ID, the type and the physical ID of a resource. */
type StackResource = readonly [string, string, string];

/** What else a stack has, by its name. */
interface Details {
  /** The texts of templates; those of stacks that are absent are {@link TEMPLATE}. */
  templates?: Record<string, string>;
  resources?: Record<string, readonly StackResource[]>;
}

/** The id that a stack has here. */
export const stackId = (name: string) =>
  `arn:aws:cloudformation:us-east-1:000000000000:stack/${name}/7f3c`;

/** The template of a stack, unless another is given. */
export const TEMPLATE = '{"Resources": {"Größe": {}}}';

const templateOf = (text: string) => `
<GetTemplateResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <GetTemplateResult><TemplateBody>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')}</TemplateBody></GetTemplateResult>
</GetTemplateResponse>`;

const resourcesOf = (resources: readonly StackResource[]) => `
<ListStackResourcesResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <ListStackResourcesResult><StackResourceSummaries>${resources
    .map(
      ([id, type, physicalId]) =>
        `<member><LogicalResourceId>${id}</LogicalResourceId><ResourceType>${type}</ResourceType><PhysicalResourceId>${physicalId}</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>`,
    )
    .join('')}</StackResourceSummaries></ListStackResourcesResult>
</ListStackResourcesResponse>`;

const stack = (name: string, outputs: Record<string, string>) => `
<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <DescribeStacksResult><Stacks><member>
    <StackName>${name}</StackName>
    <StackId>${stackId(name)}</StackId>
    <CreationTime>2026-01-01T00:00:00.000Z</CreationTime>
    <StackStatus>CREATE_IN_PROGRESS</StackStatus>
    <Outputs>${Object.entries(outputs)
      .map(
        ([key, value]) =>
          `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      )
      .join('')}</Outputs>
  </member></Stacks></DescribeStacksResult>
</DescribeStacksResponse>`;

const refusal = (code: string, message: string) => `
<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>
</ErrorResponse>`;

/**
 * Answers DescribeStacks, GetTemplate and ListStackResources as CloudFormation does. The
 * stack `denied` may not be seen, the template of `secret` neither, and `silent` is never
 * answered for.
 *
 * @returns its endpoint
 */
export async function startCloudFormation(
  stacks: Stacks,
  atEnd: AtEnd,
  { templates = {}, resources = {} }: Details = {},
): Promise<string> {
  const answerTo = (action: string | null, name: string): string => {
    if (action === 'GetTemplate')
      return templateOf(templates[name] ?? TEMPLATE);
    if (action === 'ListStackResources')
      return resourcesOf(resources[name] ?? []);
    return stack(name, stacks[name] ?? {});
  };
  const server = createServer(
    withHangUps(async (request, response) => {
      const form = new URLSearchParams(await text(request));
      const given = form.get('StackName') ?? '';
      const action = form.get('Action');
      const name =
        Object.keys(stacks).find((each) => given === stackId(each)) ?? given;
      if (name.endsWith('-silent')) return;
      const isDenied =
        name.endsWith('-denied') ||
        (name.endsWith('-secret') && action === 'GetTemplate');
      const isKnown = Object.hasOwn(stacks, name);
      response.writeHead(isDenied ? 403 : isKnown ? 200 : 400, {
        'Content-Type': 'text/xml',
      });
      response.end(
        isDenied
          ? refusal(
              'AccessDenied',
              `User: arn:aws:iam::1:user/ann is not authorized to perform: cloudformation:${action} on resource: ${name}`,
            )
          : isKnown
            ? answerTo(action, name)
            : refusal(
                'ValidationError',
                `Stack with id ${name} does not exist`,
              ),
      );
    }),
  );
  return listen(server, atEnd);
}
