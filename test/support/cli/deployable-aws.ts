import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { withHangUps } from '../../../local/instruments/hang-ups.ts';
import { listen } from '../local/listen.ts';
import type { AtEnd } from '../local/temporary-directory.ts';

const ACCOUNT = '111122223333';
const NAME = 'kinesis-key-rotation-prod';
const STACK_ID = `arn:aws:cloudformation:eu-west-1:${ACCOUNT}:stack/${NAME}/7f3c`;
const BUCKET = 'deployments';

export const OUTPUTS = {
  LedgerTableName: `${NAME}-LedgerTable-ABC`,
  FailureTopicArn: `arn:aws:sns:eu-west-1:${ACCOUNT}:${NAME}-failures`,
};

/** One stack, and the bucket that the packager uploads to. */
export interface DeployableAws {
  endpoint: string;
  /** The stack's StackStatus. */
  status: string;
  /** The text of the stack's template; undefined without a stack. */
  template: string | undefined;
  /** By their keys. */
  uploaded: Map<string, Buffer>;
  /** The actions of CloudFormation that were called, in their order. */
  actions: string[];
  /** ARNs of the executions that run. */
  running: string[];
  /** Whether an update fails and rolls back. */
  isFailing: boolean;
  /** Called when an update begins. */
  onUpdate: () => void;
}

type Form = URLSearchParams;

/**
 * Answers what `deploy` and `remove` call, of STS, CloudFormation and S3, for the stack
 * of stage prod. A change takes no time. Kinesis knows no stream.
 */
export async function startDeployableAws(atEnd: AtEnd): Promise<DeployableAws> {
  const aws: DeployableAws = {
    endpoint: '',
    status: 'CREATE_COMPLETE',
    template: undefined,
    uploaded: new Map(),
    actions: [],
    running: [],
    isFailing: false,
    onUpdate: () => undefined,
  };
  let next: string | undefined;
  const answers: Record<string, (form: Form) => string> = {
    GetCallerIdentity: () =>
      `<Arn>arn:aws:iam::${ACCOUNT}:user/ann</Arn><UserId>AIDA</UserId><Account>${ACCOUNT}</Account>`,
    DescribeStacks: () =>
      `<Stacks><member><StackName>${NAME}</StackName><StackId>${STACK_ID}</StackId><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${aws.status}</StackStatus><Outputs>${Object.entries(
        OUTPUTS,
      )
        .map(
          ([key, value]) =>
            `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
        )
        .join('')}</Outputs></member></Stacks>`,
    GetTemplate: () =>
      `<TemplateBody>${escapeXml(aws.template ?? '')}</TemplateBody>`,
    DescribeStackResource: () =>
      `<StackResourceDetail><PhysicalResourceId>${BUCKET}</PhysicalResourceId></StackResourceDetail>`,
    ListStackResources: () =>
      `<StackResourceSummaries>${[
        ['LedgerTable', 'AWS::DynamoDB::Table'],
        ['DriftAlarmA', 'AWS::CloudWatch::Alarm'],
        ['DriftAlarmB', 'AWS::CloudWatch::Alarm'],
      ]
        .map(
          ([id, type]) =>
            `<member><LogicalResourceId>${id}</LogicalResourceId><ResourceType>${type}</ResourceType><PhysicalResourceId>${NAME}-${id}-ABC</PhysicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>`,
        )
        .join('')}</StackResourceSummaries>`,
    CreateChangeSet: (form) => {
      const url = form.get('TemplateURL');
      const key = url?.split(`/${BUCKET}/`)[1] ?? '';
      next = form.get('TemplateBody') ?? aws.uploaded.get(key)?.toString();
      return `<Id>arn:aws:cloudformation:eu-west-1:${ACCOUNT}:changeSet/one/1</Id><StackId>${STACK_ID}</StackId>`;
    },
    DescribeChangeSet: () =>
      `<ChangeSetName>one</ChangeSetName><StackId>${STACK_ID}</StackId><StackName>${NAME}</StackName><Status>CREATE_COMPLETE</Status><Changes><member><Type>Resource</Type></member></Changes>`,
    ExecuteChangeSet: () => {
      const isUpdate = aws.template !== undefined;
      if (isUpdate) aws.onUpdate();
      const isFailing = isUpdate && aws.isFailing;
      if (!isFailing) aws.template = next;
      aws.status = isFailing
        ? 'UPDATE_ROLLBACK_COMPLETE'
        : `${isUpdate ? 'UPDATE' : 'CREATE'}_COMPLETE`;
      return '';
    },
    DescribeStackEvents: () =>
      `<StackEvents>${event(NAME, 'AWS::CloudFormation::Stack', aws.status, STACK_ID)}${
        aws.status === 'UPDATE_ROLLBACK_COMPLETE'
          ? event(
              'LedgerTable',
              'AWS::DynamoDB::Table',
              'CREATE_COMPLETE',
              `${NAME}-LedgerTable-ABC`,
            ) +
            event(
              NAME,
              'AWS::CloudFormation::Stack',
              'UPDATE_ROLLBACK_IN_PROGRESS',
              STACK_ID,
            )
          : ''
      }${event(NAME, 'AWS::CloudFormation::Stack', 'UPDATE_IN_PROGRESS', STACK_ID)}</StackEvents>`,
    DeleteStack: () => {
      aws.template = undefined;
      aws.status = 'DELETE_COMPLETE';
      return '';
    },
  };
  const query = (form: Form): [number, string] => {
    const action = form.get('Action') ?? '';
    aws.actions.push(action);
    const isAsked = /^(DescribeStack|GetTemplate|ListStackResources)/.test(
      action,
    );
    if (
      isAsked &&
      aws.template === undefined &&
      aws.status !== 'DELETE_COMPLETE'
    ) {
      const message = `Stack with id ${NAME} does not exist`;
      return [
        400,
        `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>${message}</Message></Error></ErrorResponse>`,
      ];
    }
    const content = answers[action]?.(form) ?? '';
    return [
      200,
      `<${action}Response xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><${action}Result>${content}</${action}Result></${action}Response>`,
    ];
  };
  const answer = async (
    request: IncomingMessage,
  ): Promise<[number, string]> => {
    const body = await buffer(request);
    const target = request.headers['x-amz-target'];
    if (target === 'AWSStepFunctions.ListExecutions') {
      const { stateMachineArn } = JSON.parse(body.toString());
      const executions = aws.running
        .filter((arn) =>
          arn.startsWith(stateMachineArn.replace('stateMachine', 'execution')),
        )
        .map((executionArn) => ({ executionArn }));
      return [200, JSON.stringify({ executions })];
    }
    if (target === 'DynamoDB_20120810.GetItem') return [200, '{}'];
    if (target !== undefined) {
      // The packager asks for a container repository that a service may have.
      const kind = target.includes('Registry') ? 'Repository' : 'Resource';
      return [400, `{"__type":"${kind}NotFoundException","message":"no"}`];
    }
    const path = decodeURIComponent(request.url ?? '/');
    if (path === '/' && request.method === 'POST') {
      return query(new URLSearchParams(body.toString()));
    }
    if (request.method === 'PUT') {
      aws.uploaded.set(path.slice(BUCKET.length + 2).split('?')[0] ?? '', body);
    }
    return [200, '<ListBucketResult></ListBucketResult>'];
  };
  const server = createServer(
    withHangUps(async (request, response) => {
      const [code, text] = await answer(request);
      response.writeHead(code, { 'Content-Type': 'text/xml' });
      response.end(request.method === 'HEAD' ? undefined : text);
    }),
  );
  aws.endpoint = await listen(server, atEnd);
  return aws;
}

function event(id: string, type: string, status: string, physicalId: string) {
  return `<member><EventId>${id}-${status}</EventId><StackName>${NAME}</StackName><StackId>${STACK_ID}</StackId><LogicalResourceId>${id}</LogicalResourceId><PhysicalResourceId>${physicalId}</PhysicalResourceId><ResourceType>${type}</ResourceType><ResourceStatus>${status}</ResourceStatus><Timestamp>2026-01-01T00:00:00Z</Timestamp></member>`;
}

const escapeXml = (text: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;');
