import { vi } from 'vitest';

/**
 * The metrics that functions write to their log during it, each as name, stream
 * and value.
 */
export async function publishedBy(
  task: () => Promise<unknown>,
): Promise<unknown[]> {
  return (await documentsOf(task)).map(({ _aws, StreamName, ...values }) => {
    const Name = _aws.CloudWatchMetrics[0]?.Metrics[0]?.Name ?? '';
    return [Name, StreamName, values[Name]];
  });
}

/** Their timestamps, in milliseconds since the epoch. */
export async function stampsOf(
  task: () => Promise<unknown>,
): Promise<number[]> {
  return (await documentsOf(task)).map(({ _aws }) => _aws.Timestamp);
}

interface MetricDocument {
  _aws: {
    Timestamp: number;
    CloudWatchMetrics: { Metrics: { Name: string }[] }[];
  };
  StreamName: string;
  [metric: string]: unknown;
}

async function documentsOf(
  task: () => Promise<unknown>,
): Promise<MetricDocument[]> {
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
  return lines.map((line) => JSON.parse(line));
}
