/** What the smoke test does and makes, for people who decide whether to run it. */
export interface SmokePlan {
  stage: string;
  region: string;
  streamName: string;
  /** Aliases of the keys that it makes: two for the ring, one that denies writers. */
  aliases: { a: string; b: string; denied: string };
}

export function smokePlan(stage: string, region: string): SmokePlan {
  const streamName = `kinesis-key-rotation-${stage}`;
  const [a, b, denied] = ['a', 'b', 'denied'].map(
    (name) => `alias/${streamName}-${name}`,
  ) as [string, string, string];
  return { stage, region, streamName, aliases: { a, b, denied } };
}

/** rotations.yml of the smoke test: no schedule, so that nothing starts but the test. */
export function smokeRotations({ streamName, aliases }: SmokePlan): string {
  return `Streams:
  - StreamName: ${streamName}
    KeyIds: [${Object.values(aliases).join(', ')}]
    OnDrift: ALERT
`;
}

/**
 * @see https://aws.amazon.com/kinesis/data-streams/pricing/
 * @see https://aws.amazon.com/kms/pricing/
 */
export function planText(plan: SmokePlan, steps: readonly string[]): string {
  const { stage, region, streamName, aliases } = plan;
  return `In ${region} it makes
  the stream ${streamName} with one shard
  three KMS keys, ${Object.values(aliases).join(', ')}
  the stack kinesis-key-rotation-${stage}
then it
${steps.map((step, at) => `  ${at + 1}. ${step}`).join('\n')}
and removes all of it; the keys are deleted after 7 days. It takes about 15 minutes and costs
about USD 0.15 by list prices of us-east-1: one shard for an hour, three keys for an hour,
some 200 state transitions, the metrics of one stream.
`;
}
