/** The name of the whole service in an account and Region. */
export function serviceName(stage: string): string {
  return `kinesis-key-rotation-${stage}`;
}

/** Whether an alarm is the drift alarm of a stream, of any stage. */
export function isDriftAlarm(name: unknown, streamName: string): boolean {
  return (
    typeof name === 'string' &&
    name.startsWith('kinesis-key-rotation-') &&
    name.endsWith(`-drift-${streamName}`)
  );
}

export function driftAlarmName(stage: string, streamName: string): string {
  return `${serviceName(stage)}-drift-${streamName}`;
}

export function neededKeysAlarmName(stage: string): string {
  return `${serviceName(stage)}-needed-keys`;
}
