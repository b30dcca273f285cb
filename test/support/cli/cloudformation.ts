import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { AtEnd } from '../local/temporary-directory.ts';

/** A stack by its outputs; a stack with none may be on its way. */
type Stacks = Record<string, Record<string, string>>;

/** The id that a stack has here. */
export const stackId = (name: string) =>
  `arn:aws:cloudformation:us-east-1:000000000000:stack/${name}/7f3c`;

/** The template of every stack. */
export const TEMPLATE = '{"Resources": {"Größe": {}}}';

const template = `
<GetTemplateResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <GetTemplateResult><TemplateBody>${TEMPLATE.replaceAll('"', '&quot;')}</TemplateBody></GetTemplateResult>
</GetTemplateResponse>`;

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
 * Answers DescribeStacks and GetTemplate as CloudFormation does; the stack `denied` may not be
 * seen, and `silent` is never answered for.
 *
 * @returns its endpoint
 */
export async function startCloudFormation(
  stacks: Stacks,
  atEnd: AtEnd,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const form = new URLSearchParams(await text(request));
    const name = form.get('StackName') ?? '';
    if (name.endsWith('-silent')) return;
    if (form.get('Action') === 'GetTemplate') {
      const isKnown = Object.keys(stacks).some(
        (each) => name === stackId(each),
      );
      response.writeHead(isKnown ? 200 : 403, { 'Content-Type': 'text/xml' });
      response.end(
        isKnown ? template : refusal('AccessDenied', `no GetTemplate: ${name}`),
      );
      return;
    }
    const outputs = stacks[name];
    const isDenied = name.endsWith('-denied');
    response.writeHead(isDenied ? 403 : outputs ? 200 : 400, {
      'Content-Type': 'text/xml',
    });
    response.end(
      isDenied
        ? refusal(
            'AccessDenied',
            `User: arn:aws:iam::1:user/ann is not authorized to perform: cloudformation:DescribeStacks on resource: ${name}`,
          )
        : outputs
          ? stack(name, outputs)
          : refusal('ValidationError', `Stack with id ${name} does not exist`),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
