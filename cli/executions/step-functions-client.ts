import { SFNClient } from '@aws-sdk/client-sfn';
import { httpHandler } from '../../shared/lambda/clients.ts';

/** Step Functions, where the SDK's variables and files say. */
export function stepFunctionsClient(): SFNClient {
  return new SFNClient({ requestHandler: httpHandler(), maxAttempts: 5 });
}
