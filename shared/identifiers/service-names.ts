/** The name of the whole service in an account and Region. */
export function serviceName(stage: string): string {
  return `kinesis-key-rotation-${stage}`;
}

export function driftAlarmName(stage: string, streamName: string): string {
  return `${serviceName(stage)}-drift-${streamName}`;
}

export function neededKeysAlarmName(stage: string): string {
  return `${serviceName(stage)}-needed-keys`;
}
