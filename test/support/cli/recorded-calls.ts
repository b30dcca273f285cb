import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { forward } from '../../../local/instruments/forward.ts';
import { withHangUps } from '../../../local/instruments/hang-ups.ts';
import { listen } from '../local/listen.ts';
import type { AtEnd } from '../local/temporary-directory.ts';

/** A call as it went over the wire. */
export interface RecordedCall {
  /** As IAM names it: `kinesis:DescribeStreamSummary`. */
  action: string;
  input: Record<string, string>;
}

/** By what stands before the operation in X-Amz-Target. */
const SERVICES = {
  AWSStepFunctions: { prefix: 'states', variable: 'AWS_ENDPOINT_URL_SFN' },
  DynamoDB_20120810: {
    prefix: 'dynamodb',
    variable: 'AWS_ENDPOINT_URL_DYNAMODB',
  },
  Kinesis_20131202: { prefix: 'kinesis', variable: 'AWS_ENDPOINT_URL_KINESIS' },
  Firehose_20150804: {
    prefix: 'firehose',
    variable: 'AWS_ENDPOINT_URL_FIREHOSE',
  },
  TrentService: { prefix: 'kms', variable: 'AWS_ENDPOINT_URL_KMS' },
} as const;

/**
 * Stands before the services of an embedded AWS, passes every call on, and records it.
 *
 * @param variables the endpoints, as the command `local` exports them, and
 *   `cloudformation` and `sts`; further `AWS_ENDPOINT_URL_...` of the access check
 * @returns its endpoint for every service, and the calls
 */
export async function recordCalls(
  variables: Record<string, string>,
  atEnd: AtEnd,
): Promise<{ endpoint: string; calls: RecordedCall[] }> {
  const calls: RecordedCall[] = [];
  const server = createServer(
    withHangUps(async (request, response) => {
      const body = await buffer(request);
      const target = request.headers['x-amz-target'];
      const { call, endpoint } =
        typeof target === 'string'
          ? jsonCall(target, body.toString(), variables)
          : (restCall(request.url ?? '', variables) ??
            queryCall(body.toString(), variables));
      calls.push(call);
      const answer = await forward(endpoint, request, new Uint8Array(body));
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
    }),
  );
  return { endpoint: await listen(server, atEnd), calls };
}

function jsonCall(
  target: string,
  body: string,
  variables: Record<string, string>,
) {
  const [name = '', operation] = target.split('.');
  const service = SERVICES[name as keyof typeof SERVICES];
  if (service === undefined) throw new Error(`${target} is not expected`);
  return {
    call: {
      action: `${service.prefix}:${operation}`,
      input: JSON.parse(body) as Record<string, string>,
    },
    endpoint: variables[service.variable],
  };
}

/** Access Analyzer and Lambda name an operation by its path. */
function restCall(url: string, variables: Record<string, string>) {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const input: Record<string, string> = Object.fromEntries(searchParams);
  if (pathname === '/policy/check-no-new-access') {
    return {
      call: { action: 'access-analyzer:CheckNoNewAccess', input },
      endpoint: variables.AWS_ENDPOINT_URL_ACCESSANALYZER,
    };
  }
  const [, FunctionName] =
    /^\/2015-03-31\/functions\/(.+)\/configuration$/.exec(pathname) ?? [];
  if (FunctionName !== undefined) {
    return {
      call: {
        action: 'lambda:GetFunctionConfiguration',
        input: { FunctionName: decodeURIComponent(FunctionName) },
      },
      endpoint: variables.AWS_ENDPOINT_URL_LAMBDA,
    };
  }
  if (pathname !== '/2015-03-31/event-source-mappings') return undefined;
  return {
    call: { action: 'lambda:ListEventSourceMappings', input },
    endpoint: variables.AWS_ENDPOINT_URL_LAMBDA,
  };
}

/** CloudFormation, IAM and STS speak the older protocol. */
function queryCall(body: string, variables: Record<string, string>) {
  const input = Object.fromEntries(new URLSearchParams(body));
  const [service, endpoint] =
    input.Action === 'SimulatePrincipalPolicy'
      ? ['iam', variables.AWS_ENDPOINT_URL_IAM]
      : input.Action === 'GetCallerIdentity'
        ? ['sts', variables.sts]
        : ['cloudformation', variables.cloudformation];
  return { call: { action: `${service}:${input.Action}`, input }, endpoint };
}
