import { setTimeout as delay } from 'node:timers/promises';
import {
  DescribeStreamCommand,
  DescribeStreamSummaryCommand,
  type KinesisClient,
  StartStreamEncryptionCommand,
} from '@aws-sdk/client-kinesis';
import { DescribeKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { runRotation } from '../../local/runner/rotation.ts';
import type { TaskHandlers } from '../../local/runner/state-machine.ts';
import { pollSeconds } from '../../shared/rotation/polling.ts';

interface Target {
  StreamName: string;
  KeyId: string;
}

interface Aws {
  region: string;
  handlers: TaskHandlers;
  kinesis: KinesisClient;
  kms: KMSClient;
}

/** A way to give a stream a key, call for call and wait for wait. */
export interface Contender {
  name: string;
  /** What it checks after the Start, as its source says. */
  checks: string;
  /**
   * Applies a key and waits as the contender does.
   *
   * @throws what the contender fails with
   */
  apply: (target: Target, aws: Aws) => Promise<void>;
}

/** A contender that waits for the update. */
export interface PollingContender extends Contender {
  /** Seconds before each poll of the update, without an end. */
  pauses: () => Iterable<number>;
}

/** This project. */
export const OURS: PollingContender = {
  name: 'kinesis-key-rotation',
  checks: 'StreamStatus, KeyId, key ARN',
  *pauses() {
    yield 0;
    for (let waited = 0; ; ) {
      const pause = pollSeconds(waited * 1000);
      yield pause;
      waited += pause;
    }
  },
  apply: async (request, aws) => {
    const outcome = await runRotation({ request, ...aws });
    if (outcome.Status !== 'SUCCEEDED') throw new Error(outcome.Error);
  },
};

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

/** Polls after each pause until the stream is ACTIVE. */
async function waitUntilActive(
  { pauses }: PollingContender,
  describe: () => Promise<{ StreamStatus?: string | undefined } | undefined>,
): Promise<void> {
  for (const seconds of pauses()) {
    await delay(seconds * 1000);
    if ((await describe())?.StreamStatus === 'ACTIVE') return;
  }
}

/**
 * resourceStreamUpdate and waitStreamUpdated (`Delay` 10 s, `MinTimeout` 3 s) of
 * internal/service/kinesis/stream.go, with the delays of internal/backoff, in
 * hashicorp/terraform-provider-aws.
 */
const TERRAFORM: PollingContender = {
  name: 'Terraform',
  checks: 'StreamStatus',
  *pauses() {
    yield 10;
    for (let wait = 0.1; ; yield wait) {
      wait = Math.min(10, Math.max(3, wait * 2));
    }
  },
  apply: async (target, { kinesis }) => {
    await start(kinesis, target);
    await waitUntilActive(TERRAFORM, () => summary(kinesis, target));
    // resourceStreamRead, for its state.
    await summary(kinesis, target);
  },
};

/**
 * The four steps of the document AWS-EnableKinesisStreamEncryption. AWS documents
 * neither the property of the last one, which "verifies encryption is enabled", nor
 * how often `aws:waitForAwsResourceProperty` polls. It polls here as
 * often as we ever do, in its favor.
 *
 * @see https://docs.aws.amazon.com/systems-manager-automation-runbooks/latest/userguide/aws-enablekinesisstreamencryption.html
 */
const RUNBOOK: PollingContender = {
  name: 'SSM runbook',
  checks: 'StreamStatus, EncryptionType',
  *pauses() {
    for (let wait = 0; ; wait = 1) yield wait;
  },
  apply: async (target, { kinesis }) => {
    const describe = () => description(kinesis, target);
    await waitUntilActive(RUNBOOK, describe);
    await start(kinesis, target);
    await waitUntilActive(RUNBOOK, describe);
    const stream = await describe();
    if (stream?.EncryptionType !== 'KMS') throw new Error('Assertion failed');
  },
};

/** The usual loop in a shell script. */
const SCRIPT: PollingContender = {
  name: 'shell script',
  checks: 'StreamStatus',
  *pauses() {
    for (;;) yield 5;
  },
  apply: async (target, { kinesis }) => {
    await start(kinesis, target);
    await waitUntilActive(SCRIPT, () => summary(kinesis, target));
  },
};

/**
 * The action `encrypt` of c7n/resources/kinesis.py in
 * cloud-custodian/cloud-custodian. It skips a stream that is not ACTIVE, and
 * returns after the Start. The list of all streams and their tags is left out, in
 * its favor.
 */
const CUSTODIAN: Contender = {
  name: 'Cloud Custodian',
  checks: 'nothing',
  apply: async (target, { kinesis, kms }) => {
    const stream = await description(kinesis, target);
    const { KeyMetadata } = await kms.send(
      new DescribeKeyCommand({ KeyId: target.KeyId }),
    );
    if (stream?.StreamStatus !== 'ACTIVE') return;
    if (KeyMetadata?.KeyId === undefined) throw new Error('No such key');
    await start(kinesis, { ...target, KeyId: KeyMetadata.KeyId });
  },
};

/** The others that wait for the update. */
export const PEERS: readonly PollingContender[] = [TERRAFORM, RUNBOOK, SCRIPT];

export const CONTENDERS: readonly Contender[] = [OURS, ...PEERS, CUSTODIAN];

/** The name of a stream for each contender. */
export const STREAMS = CONTENDERS.map(({ name }) => name.replaceAll(' ', '-'));
