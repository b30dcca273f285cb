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
  /** What it looks at once the stream is ACTIVE. */
  Checks: string;
  /** Seconds before each look at the update; without an end. */
  pauses: () => Iterable<number>;
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

/** Looks after each pause until the stream is what it shall be. */
async function waitFor(
  pauses: Iterable<number>,
  isActive: () => Promise<boolean>,
): Promise<void> {
  for (const seconds of pauses) {
    await delay(seconds * 1000);
    if (await isActive()) return;
  }
}

/**
 * resourceStreamUpdate and waitStreamUpdated (`Delay` 10 s, `MinTimeout` 3 s) of
 * internal/service/kinesis/stream.go, with the delays of internal/backoff, in
 * hashicorp/terraform-provider-aws.
 */
const TERRAFORM: Peer = {
  Name: 'Terraform',
  Checks: 'StreamStatus',
  *pauses() {
    yield 10;
    for (let wait = 0.1; ; yield wait) {
      wait = Math.min(10, Math.max(3, wait * 2));
    }
  },
  apply: async (client, target) => {
    await start(client, target);
    await waitFor(
      TERRAFORM.pauses(),
      async () => (await summary(client, target))?.StreamStatus === 'ACTIVE',
    );
    // resourceStreamRead, for its state.
    await summary(client, target);
  },
};

/**
 * The four steps of the document AWS-EnableKinesisStreamEncryption. How often
 * `aws:waitForAwsResourceProperty` looks is not documented: as often as we ever
 * do, in its favour.
 */
const RUNBOOK: Peer = {
  Name: 'SSM runbook',
  Checks: 'StreamStatus, EncryptionType',
  *pauses() {
    for (let wait = 0; ; wait = 1) yield wait;
  },
  apply: async (client, target) => {
    const isActive = async () =>
      (await description(client, target))?.StreamStatus === 'ACTIVE';
    await waitFor(RUNBOOK.pauses(), isActive);
    await start(client, target);
    await waitFor(RUNBOOK.pauses(), isActive);
    const { EncryptionType } = (await description(client, target)) ?? {};
    if (EncryptionType !== 'KMS') throw new Error('Assertion failed');
  },
};

/** The loop that people write. */
const SCRIPT: Peer = {
  Name: 'shell script',
  Checks: 'StreamStatus',
  *pauses() {
    for (;;) yield 5;
  },
  apply: async (client, target) => {
    await start(client, target);
    await waitFor(
      SCRIPT.pauses(),
      async () => (await summary(client, target))?.StreamStatus === 'ACTIVE',
    );
  },
};

export const PEERS: readonly Peer[] = [TERRAFORM, RUNBOOK, SCRIPT];
