import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';

/** Another way of giving a stream a key, call for call and wait for wait. */
export interface Peer {
  Name: string;
  /** Where its calls and waits are written down. */
  Source: string;
  /** What it looks at once the stream is ACTIVE. */
  Checks: string;
  /**
   * Applies a key and waits as the peer does.
   *
   * @throws what the peer would fail with
   */
  apply: (client: KinesisClient, target: Target) => Promise<void>;
}

export interface Target {
  StreamName: string;
  KeyId: string;
}

const start = (client: KinesisClient, target: Target) =>
  client.send(
    new StartStreamEncryptionCommand({ ...target, EncryptionType: 'KMS' }),
  );

const summary = async (client: KinesisClient, { StreamName }: Target) =>
  (await client.send(new DescribeStreamSummaryCommand({ StreamName })))
    .StreamDescriptionSummary;

const description = async (client: KinesisClient, { StreamName }: Target) =>
  (await client.send(new DescribeStreamCommand({ StreamName })))
    .StreamDescription;

/** Its `StateChangeConf`: `Delay` 10 s, `MinTimeout` 3 s, at most 10 s. */
const TERRAFORM: Peer = {
  Name: 'Terraform',
  Source:
    'resourceStreamUpdate and waitStreamUpdated of `internal/service/kinesis/stream.go`, delays of `internal/backoff/backoff.go`, in hashicorp/terraform-provider-aws',
  Checks: 'StreamStatus',
  apply: async (client, target) => {
    await start(client, target);
    let wait = 100;
    await delay(10_000);
    while ((await summary(client, target))?.StreamStatus === 'UPDATING') {
      wait = Math.min(10_000, Math.max(3_000, wait * 2));
      await delay(wait);
    }
    // resourceStreamRead, for its state.
    await summary(client, target);
  },
};

/**
 * How often `aws:waitForAwsResourceProperty` looks is not documented: as often
 * as we do at most, in its favour. What a step takes to begin is left out.
 */
const RUNBOOK_POLL_MS = 1_000;

const RUNBOOK: Peer = {
  Name: 'SSM runbook',
  Source:
    'the four steps of the document AWS-EnableKinesisStreamEncryption; how often a waiting step looks is not documented: 1 s, in its favour',
  Checks: 'StreamStatus, EncryptionType',
  apply: async (client, target) => {
    const isActive = async () =>
      (await description(client, target))?.StreamStatus === 'ACTIVE';
    while (!(await isActive())) await delay(RUNBOOK_POLL_MS);
    await start(client, target);
    while (!(await isActive())) await delay(RUNBOOK_POLL_MS);
    const { EncryptionType } = (await description(client, target)) ?? {};
    if (EncryptionType !== 'KMS') throw new Error('Assertion failed');
  },
};

const SCRIPT: Peer = {
  Name: 'shell script',
  Source:
    'the loop that people write: `start-stream-encryption`, then `sleep 5` and `describe-stream-summary` until ACTIVE',
  Checks: 'StreamStatus',
  apply: async (client, target) => {
    await start(client, target);
    do await delay(5_000);
    while ((await summary(client, target))?.StreamStatus !== 'ACTIVE');
  },
};

export const PEERS: readonly Peer[] = [TERRAFORM, RUNBOOK, SCRIPT];
