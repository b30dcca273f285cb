const MAX_LENGTH = 80;

/**
 * A name for an execution that people recognize: the stream, and when it
 * was started. Only characters that CloudWatch logs show too.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export function nameExecution(streamName: string, now: Date): string {
  const time = now.toISOString().replace(/[-:.]/g, '');
  const legal = streamName.replace(/[^a-zA-Z0-9_-]/g, '-');
  return `${legal.slice(0, MAX_LENGTH - time.length - 1)}-${time}`;
}
