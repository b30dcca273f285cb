import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { withHangUps } from '../../../local/instruments/hang-ups.ts';
import { listen } from '../local/listen.ts';
import type { AtEnd } from '../local/temporary-directory.ts';

/** A role as its policies are. */
interface AccountRole {
  /** Identity policies. */
  policies: object[];
  boundary?: object;
  /** Whether the organization allows it; absent outside an organization. */
  allowedByOrganizations?: boolean;
  missingContext?: string[];
}

/** What IAM, Access Analyzer, Lambda and Firehose know here. */
export interface AccessWorld {
  /** By ARN. */
  roles: Record<string, AccountRole>;
  /** ARNs of functions that read a stream, by the ARN of the stream. */
  mappings: Record<string, string[]>;
  /** Roles of functions, by the ARN of the function. */
  functions: Record<string, string>;
  /** By name. */
  deliveryStreams: Record<
    string,
    { KinesisStreamARN: string; RoleARN: string }
  >;
  /** Actions of IAM that AWS denies. */
  denied: string[];
  /** Actions of IAM that are never answered. */
  silent: string[];
}

export const emptyWorld = (): AccessWorld => ({
  roles: {},
  mappings: {},
  functions: {},
  deliveryStreams: {},
  denied: [],
  silent: [],
});

interface WireAnswer {
  status: number;
  body: string;
  type: string;
}

/** A refusal with the name and the status of the service model. */
class Refusal extends Error {
  readonly status: number;

  constructor(name: string, status: number, message: string) {
    super(message);
    this.name = name;
    this.status = status;
  }
}

/**
 * Answers SimulatePrincipalPolicy, CheckNoNewAccess, ListEventSourceMappings,
 * GetFunctionConfiguration, ListDeliveryStreams and DescribeDeliveryStream, in the shapes
 * of AWS's service models. Policies of roles are evaluated by iam-simulate.
 *
 * @param world may change while it runs
 * @returns the variables that lead to it, and the calls as IAM names them
 */
export async function startAccessServices(
  world: AccessWorld,
  atEnd: AtEnd,
): Promise<{ variables: Record<string, string>; calls: string[] }> {
  const calls: string[] = [];
  const server = createServer(
    withHangUps(async (request, response) => {
      const body = await text(request);
      const { action, isXml, perform } = operationOf(request, body, world);
      calls.push(action);
      if (world.silent.includes(action)) return;
      const answered = await answer(action, isXml, perform, world);
      response.writeHead(answered.status, { 'Content-Type': answered.type });
      response.end(answered.body);
    }),
  );
  const endpoint = await listen(server, atEnd);
  const variables = Object.fromEntries(
    ['ACCESSANALYZER', 'FIREHOSE', 'IAM', 'LAMBDA'].map((service) => [
      `AWS_ENDPOINT_URL_${service}`,
      endpoint,
    ]),
  );
  return { variables, calls };
}

interface Operation {
  action: string;
  isXml?: boolean;
  perform: () => object | string | Promise<object | string>;
}

function operationOf(
  { url = '', method, headers }: IncomingMessage,
  body: string,
  world: AccessWorld,
): Operation {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const target = headers['x-amz-target'];
  if (typeof target === 'string') {
    const [, name] = target.split('.');
    return {
      action: `firehose:${name}`,
      perform: () => firehose(String(name), JSON.parse(body), world),
    };
  }
  if (pathname === '/policy/check-no-new-access' && method === 'POST') {
    return {
      action: 'access-analyzer:CheckNoNewAccess',
      perform: () => checkNoNewAccess(JSON.parse(body)),
    };
  }
  if (pathname === '/2015-03-31/event-source-mappings') {
    const stream = searchParams.get('EventSourceArn') ?? '';
    return {
      action: 'lambda:ListEventSourceMappings',
      perform: () => ({
        EventSourceMappings: (world.mappings[stream] ?? []).map((each) => ({
          EventSourceArn: stream,
          FunctionArn: each,
        })),
      }),
    };
  }
  const called = /^\/2015-03-31\/functions\/(.+)\/configuration$/.exec(
    pathname,
  );
  if (called) {
    const name = decodeURIComponent(called[1] ?? '');
    return {
      action: 'lambda:GetFunctionConfiguration',
      perform: () => {
        const Role = world.functions[name];
        if (Role !== undefined) return { FunctionArn: name, Role };
        throw new Refusal('ResourceNotFoundException', 404, name);
      },
    };
  }
  const form = new URLSearchParams(body);
  return {
    action: `iam:${form.get('Action')}`,
    isXml: true,
    perform: () => simulate(form, world),
  };
}

async function answer(
  action: string,
  isXml: boolean | undefined,
  perform: Operation['perform'],
  { denied }: AccessWorld,
): Promise<WireAnswer> {
  const type = isXml ? 'text/xml' : 'application/json';
  try {
    if (denied.includes(action)) {
      const name = isXml ? 'AccessDenied' : 'AccessDeniedException';
      throw new Refusal(name, 403, `ann may not ${action}`);
    }
    const body = await perform();
    return {
      status: 200,
      type,
      body: isXml ? String(body) : JSON.stringify(body),
    };
  } catch (error) {
    const { name, message, status = 500 } = error as Refusal;
    const body = isXml
      ? `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error></ErrorResponse>`
      : JSON.stringify({ __type: name, message });
    return { status, type, body };
  }
}

function firehose(
  name: string,
  input: Record<string, unknown>,
  { deliveryStreams }: AccessWorld,
): object {
  if (name === 'ListDeliveryStreams') {
    const names = Object.keys(deliveryStreams);
    const after = input.ExclusiveStartDeliveryStreamName;
    const from = after === undefined ? 0 : names.indexOf(String(after)) + 1;
    // A page of two, so that callers turn pages.
    return {
      DeliveryStreamNames: names.slice(from, from + 2),
      HasMoreDeliveryStreams: from + 2 < names.length,
    };
  }
  const given = String(input.DeliveryStreamName);
  const source = deliveryStreams[given];
  if (source === undefined) {
    throw new Refusal('ResourceNotFoundException', 400, given);
  }
  return {
    DeliveryStreamDescription: {
      DeliveryStreamName: given,
      Source: { KinesisStreamSourceDescription: source },
    },
  };
}

async function simulate(
  form: URLSearchParams,
  { roles }: AccessWorld,
): Promise<string> {
  const roleArn = form.get('PolicySourceArn') ?? '';
  const action = form.get('ActionNames.member.1') ?? '';
  const resource = form.get('ResourceArns.member.1') ?? '';
  const role = roles[roleArn];
  if (role === undefined) {
    throw new Refusal('NoSuchEntity', 404, `The role ${roleArn} is not found`);
  }
  const { decision, isInBoundary } = await evaluate(role, {
    principal: roleArn,
    action,
    resource,
    context: contextIn(form),
  });
  const missing = (role.missingContext ?? [])
    .map((key) => `<member>${key}</member>`)
    .join('');
  return `<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults><member>
    <EvalActionName>${action}</EvalActionName>
    <EvalResourceName>${resource}</EvalResourceName>
    <EvalDecision>${role.allowedByOrganizations === false ? 'implicitDeny' : decision}</EvalDecision>
    <MatchedStatements/><MissingContextValues/>
    ${role.allowedByOrganizations === undefined ? '' : `<OrganizationsDecisionDetail><AllowedByOrganizations>${role.allowedByOrganizations}</AllowedByOrganizations></OrganizationsDecisionDetail>`}
    ${isInBoundary === undefined ? '' : `<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>${isInBoundary}</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>`}
    <ResourceSpecificResults><member>
      <EvalResourceName>${resource}</EvalResourceName>
      <EvalResourceDecision>${role.allowedByOrganizations === false ? 'implicitDeny' : decision}</EvalResourceDecision>
      <MissingContextValues>${missing}</MissingContextValues>
    </member></ResourceSpecificResults>
  </member></EvaluationResults></SimulatePrincipalPolicyResult>
</SimulatePrincipalPolicyResponse>`;
}

function contextIn(form: URLSearchParams): Record<string, string> {
  const context: Record<string, string> = {};
  for (
    let at = 1;
    form.has(`ContextEntries.member.${at}.ContextKeyName`);
    at++
  ) {
    const entry = `ContextEntries.member.${at}`;
    const type = form.get(`${entry}.ContextKeyType`);
    if (type !== 'string') throw new Refusal('InvalidInput', 400, `${type}`);
    context[form.get(`${entry}.ContextKeyName`) ?? ''] =
      form.get(`${entry}.ContextKeyValues.member.1`) ?? '';
  }
  return context;
}

/** The evaluator knows an encryption context only as its reference page spells it. */
const CONTEXT = 'kms:EncryptionContext:aws:kinesis:arn';
const EVALUATED = 'kms:EncryptionContext:${EncryptionContextKey}';
const rename = <T>(value: T): T =>
  JSON.parse(JSON.stringify(value).replaceAll(CONTEXT, EVALUATED));

async function evaluate(
  { policies, boundary }: AccountRole,
  call: {
    principal: string;
    action: string;
    resource: string;
    context: Record<string, string>;
  },
) {
  const { principal, action, resource, context } = call;
  const accountId = resource.split(':')[4] ?? '';
  const answered = await runSimulation(
    {
      request: {
        principal,
        action,
        resource: { resource, accountId },
        contextVariables: rename(context),
      },
      identityPolicies: policies.map((policy, at) => ({
        name: `policy-${at}`,
        policy: rename(policy),
      })),
      ...(boundary && {
        permissionBoundaryPolicies: [
          { name: 'boundary', policy: rename(boundary) },
        ],
      }),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      // The simulator of IAM leaves the key's own policy out.
      resourcePolicy: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${accountId}:root` },
            Action: 'kms:*',
            Resource: '*',
          },
        ],
      },
    },
    {},
  );
  if (answered.resultType !== 'single') {
    throw new Error(JSON.stringify(answered));
  }
  const { identityAnalysis, permissionBoundaryAnalysis } =
    answered.result.analysis;
  const isDenied = [identityAnalysis, permissionBoundaryAnalysis].some(
    (each) => each?.result === 'ExplicitlyDenied',
  );
  return {
    decision:
      answered.overallResult === 'Allowed'
        ? 'allowed'
        : isDenied
          ? 'explicitDeny'
          : 'implicitDeny',
    isInBoundary:
      permissionBoundaryAnalysis &&
      permissionBoundaryAnalysis.result === 'Allowed',
  };
}

interface PolicyStatement {
  Sid?: string;
  Effect: string;
  Principal: unknown;
  Action: string | string[];
  Condition?: object;
}

/**
 * A stand-in for the solver of Access Analyzer: a statement is new unless one of the
 * existing policy has its principals and actions, and the same condition or none.
 */
function checkNoNewAccess(input: Record<string, unknown>): object {
  const { newPolicyDocument, existingPolicyDocument, policyType } = input;
  if (policyType !== 'RESOURCE_POLICY' && policyType !== 'IDENTITY_POLICY') {
    throw new Refusal('ValidationException', 400, `policyType ${policyType}`);
  }
  const candidate = readStatements(newPolicyDocument);
  const existing = readStatements(existingPolicyDocument);
  const reasons = candidate.flatMap((statement, statementIndex) =>
    statement.Effect !== 'Allow' ||
    existing.some((other) => isCovered(statement, other))
      ? []
      : [
          {
            description: `New access in the statement with ${statement.Sid ? `sid: ${statement.Sid}` : `index: ${statementIndex}`}.`,
            ...(statement.Sid && { statementId: statement.Sid }),
            statementIndex,
          },
        ],
  );
  return reasons.length === 0
    ? {
        result: 'PASS',
        message: 'The modified permissions do not grant new access.',
      }
    : {
        result: 'FAIL',
        message:
          'The modified permissions grant new access compared to your existing policy.',
        reasons,
      };
}

function readStatements(document: unknown): PolicyStatement[] {
  try {
    return JSON.parse(String(document)).Statement;
  } catch {
    throw new Refusal('InvalidParameterException', 400, 'not a policy');
  }
}

const listed = (value: unknown): string[] =>
  [value].flat().map((each) => JSON.stringify(each));

function isCovered(
  statement: PolicyStatement,
  other: PolicyStatement,
): boolean {
  const principals = ({ Principal }: PolicyStatement) =>
    listed((Principal as { AWS?: unknown }).AWS ?? Principal);
  const has = (values: string[], all: string[]) =>
    all.includes('"*"') || values.every((value) => all.includes(value));
  const isAction = listed(other.Action).includes('"kms:*"');
  return (
    other.Effect === 'Allow' &&
    has(principals(statement), principals(other)) &&
    (isAction || has(listed(statement.Action), listed(other.Action))) &&
    (other.Condition === undefined ||
      JSON.stringify(other.Condition) === JSON.stringify(statement.Condition))
  );
}
