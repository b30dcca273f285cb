import { SFNClient } from '@aws-sdk/client-sfn';
import { httpHandler, observed } from '../../shared/lambda/clients.ts';

/** Step Functions, where the SDK's variables and files say. */
export function stepFunctionsClient(): SFNClient {
  return observed(
    new SFNClient({ requestHandler: httpHandler(), maxAttempts: 5 }),
  );
}
