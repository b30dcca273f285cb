import { Logger } from '@aws-lambda-powertools/logger';

/**
 * Structured logs of all functions. POWERTOOLS_LOG_LEVEL sets what is written.
 * Events, probe data and credentials are never logged.
 *
 * @see https://docs.aws.amazon.com/powertools/typescript/latest/features/logger/
 */
export const logger = new Logger({ serviceName: 'kinesis-key-rotation' });
