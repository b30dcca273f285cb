import { vi } from 'vitest';

/**
 * The metrics that functions write to their log during it, each as name, stream
 * and value.
 */
export async function publishedBy(
  task: () => Promise<unknown>,
): Promise<unknown[]> {
  const lines: string[] = [];
  vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false');
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  try {
    await task();
  } finally {
    write.mockRestore();
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'true');
  }
  return lines.map((line) => {
    const { _aws, StreamName, ...values } = JSON.parse(line);
    const [{ Name }] = _aws.CloudWatchMetrics[0].Metrics;
    return [Name, StreamName, values[Name]];
  });
}
