import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { externalEndpoints } from '../../local/session/endpoints.ts';
import { legible } from '../../shared/errors/text.ts';
import { httpHandler, observed } from '../../shared/lambda/clients.ts';

/** A rotation does not wait longer to know its caller. */
const TIMEOUT_MS = 3_000;

export interface Caller {
  Arn?: string | undefined;
  /** For people: that STS did not name it, and why. */
  warning?: string;
}

/**
 * The ARN of the credentials that start an execution. Without it where STS does not
 * name them, and where Step Functions is not AWS.
 *
 * @param signal ends the wait with its reason
 */
export async function findCaller(signal: AbortSignal): Promise<Caller> {
  const { env } = process;
  const isEmulated = externalEndpoints(env).SFN !== undefined;
  // Credentials of an emulator mean nothing to the STS of AWS.
  const isStsKnown = env.AWS_ENDPOINT_URL_STS || env.AWS_ENDPOINT_URL;
  if (isEmulated && !isStsKnown) return {};
  try {
    return { Arn: await callerArn(signal) };
  } catch (error) {
    signal.throwIfAborted();
    const { name, message } = error as Error;
    const warning = `The rotation does not record its caller, since STS did not name it: ${legible(`${name}: ${message}`)}`;
    return { warning };
  }
}

/**
 * Asks STS for the ARN of the credentials.
 *
 * @param signal ends the wait with its reason
 * @throws what STS and the credentials' provider refuse, and a TimeoutError after 3 s
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export async function callerArn(
  signal: AbortSignal,
): Promise<string | undefined> {
  const sts = observed(new STSClient({ requestHandler: httpHandler() }));
  try {
    const abortSignal = AbortSignal.any([
      signal,
      AbortSignal.timeout(TIMEOUT_MS),
    ]);
    const { Arn } = await sts.send(new GetCallerIdentityCommand(), {
      abortSignal,
    });
    return Arn;
  } finally {
    sts.destroy();
  }
}
