import {
  AccessAnalyzerClient,
  CheckNoNewAccessCommand,
} from '@aws-sdk/client-accessanalyzer';
import {
  type EvaluationResult,
  IAMClient,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import pThrottle from 'p-throttle';
import { httpHandler, observed } from '../../../shared/lambda/clients.ts';
import type { IdentityAnswer } from '../principal-verdict.ts';
import type { IamSource } from './access-source.ts';
import { type AskOptions, ask } from './answer.ts';
import { readerFinder } from './find-readers.ts';

/** IAM is one service for all Regions, with little room for many calls. */
const CALLS_PER_SECOND = 5;

/** Asks IAM, Access Analyzer, Lambda and Firehose, at most some calls a second. */
export function iamSource(): IamSource {
  const requestHandler = httpHandler();
  const config = { requestHandler, maxAttempts: 2 };
  const analyzer = observed(new AccessAnalyzerClient(config));
  const iam = observed(new IAMClient(config));
  const ended = new AbortController();
  const { signal } = ended;
  const readers = readerFinder(config, signal);
  const inTurn = pThrottle({ limit: CALLS_PER_SECOND, interval: 1000, signal });
  return {
    comparePolicies: inTurn((existing, candidate) =>
      comparePolicies(analyzer, existing, candidate, { ended: signal }),
    ),
    simulate: inTurn((roleArn, action, keyArn, context) =>
      simulate(iam, roleArn, action, keyArn, context, { ended: signal }),
    ),
    findReaders: readers.find,
    destroy: () => {
      ended.abort();
      analyzer.destroy();
      iam.destroy();
      readers.destroy();
    },
  };
}

/** @see https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_CheckNoNewAccess.html */
function comparePolicies(
  client: AccessAnalyzerClient,
  existingPolicyDocument: string,
  newPolicyDocument: string,
  options: AskOptions,
): ReturnType<IamSource['comparePolicies']> {
  return ask(
    'access-analyzer:CheckNoNewAccess on *',
    async (abortSignal) => {
      const { result, message, reasons } = await client.send(
        new CheckNoNewAccessCommand({
          existingPolicyDocument,
          newPolicyDocument,
          policyType: 'RESOURCE_POLICY',
        }),
        { abortSignal },
      );
      if (result === undefined) throw new Error('it answered without a result');
      return {
        isSame: result === 'PASS',
        message: message ?? '',
        reasons: (reasons ?? []).map(
          ({ statementId, statementIndex, description }) => ({
            ...(statementId !== undefined && { StatementId: statementId }),
            ...(statementIndex !== undefined && {
              StatementIndex: statementIndex,
            }),
            ...(description !== undefined && { Description: description }),
          }),
        ),
      };
    },
    options,
  );
}

/** @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
function simulate(
  client: IAMClient,
  PolicySourceArn: string,
  action: string,
  keyArn: string,
  context: Readonly<Record<string, string>>,
  options: AskOptions,
): ReturnType<IamSource['simulate']> {
  const right = `iam:SimulatePrincipalPolicy on ${PolicySourceArn}`;
  return ask(
    right,
    async (abortSignal) => {
      const { EvaluationResults } = await client.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn,
          ActionNames: [action],
          ResourceArns: [keyArn],
          ContextEntries: Object.entries(context).map(([name, value]) => ({
            ContextKeyName: name,
            ContextKeyType: 'string',
            ContextKeyValues: [value],
          })),
        }),
        { abortSignal },
      );
      const [result] = EvaluationResults ?? [];
      if (result?.EvalDecision === undefined) {
        throw new Error('it answered without a decision');
      }
      return identityAnswer(result, result.EvalDecision);
    },
    options,
  );
}

/** For one resource IAM puts some of it beside the resource. */
function identityAnswer(
  result: EvaluationResult,
  general: IdentityAnswer['decision'],
): IdentityAnswer {
  const [specific] = result.ResourceSpecificResults ?? [];
  const missing = [
    ...(result.MissingContextValues ?? []),
    ...(specific?.MissingContextValues ?? []),
  ];
  const boundary =
    specific?.PermissionsBoundaryDecisionDetail ??
    result.PermissionsBoundaryDecisionDetail;
  return {
    decision: specific?.EvalResourceDecision ?? general,
    allowedByOrganizations:
      result.OrganizationsDecisionDetail?.AllowedByOrganizations,
    allowedByBoundary: boundary?.AllowedByPermissionsBoundary,
    missingContext: [...new Set(missing)],
  };
}
