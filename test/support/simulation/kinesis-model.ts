import type { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import type { KeyStore } from '../../../local/services/key-store.ts';
import type { StoredKey } from '../../../local/services/stored-key.ts';
import { unusableReason } from '../../../shared/keys/usable-key.ts';
import { type Answer, refusal } from './transport.ts';

export const REGION = 'us-east-1';
export const ACCOUNT = '000000000000';
/** Of AWS, whatever the ledger believes. */
export const APPLIED_LIMIT = 25;
const DAY_MS = 24 * 60 * 60 * 1000;
/** What describe answers may be behind, once an update is over. */
const BEHIND_MS = 4_000;

/** A StartStreamEncryption that Kinesis applied. */
export interface AppliedStart {
  at: number;
  /** As submitted, and what that was then. */
  keyId: string;
  keyArn: string;
  requestId: string;
  /** The rotation that made it; absent for one made outside the ledger. */
  rotationId?: string;
}

interface Encryption {
  keyId: string;
  keyArn: string;
}

interface ModelStream {
  arn: string;
  starts: AppliedStart[];
  current?: Encryption;
  previous?: Encryption;
  /** When the update under way, or the last one, ends. */
  activeAt: number;
  /** Until when answers may show the stream as it was before the last Start. */
  staleUntil: number;
}

export interface KinesisModelOptions {
  random: SeededRandom;
  keys: KeyStore;
  /** How long an update takes, in milliseconds. */
  updateMs: () => number;
  onStart: (stream: string, start: AppliedStart) => void;
  /** Kinesis refuses a rotation because of its own count of 25 in 24 hours. */
  onQuotaRefused: (stream: string) => void;
}

/**
 * Kinesis as facts.md of its callers has it: a stream is UPDATING for a while
 * after a Start and refuses others during it, takes 25 keys in a rolling 24
 * hours, and its descriptions are eventually consistent.
 *
 * @see https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html
 */
export class KinesisModel {
  readonly #options: KinesisModelOptions;
  readonly #streams = new Map<string, ModelStream>();
  #requests = 0;

  constructor(options: KinesisModelOptions) {
    this.#options = options;
  }

  create(name: string): ModelStream {
    const stream: ModelStream = {
      arn: streamArn(name),
      starts: [],
      activeAt: 0,
      staleUntil: 0,
    };
    this.#streams.set(name, stream);
    return stream;
  }

  stream(name: string): ModelStream {
    return this.#streams.get(name) ?? this.create(name);
  }

  /** The Starts that Kinesis counts now. */
  counted(name: string): AppliedStart[] {
    return this.stream(name).starts.filter(
      ({ at }) => at > Date.now() - DAY_MS,
    );
  }

  answer(operation: string, input: object, rotationId?: string): Answer {
    const { StreamARN, StreamName } = input as Record<string, string>;
    const name = StreamARN?.split('/')[1] ?? StreamName ?? '';
    if (!this.#streams.has(name)) return refusal('ResourceNotFoundException');
    const requestId = `request-${++this.#requests}`;
    switch (operation) {
      case 'DescribeStreamSummary':
        return { status: 200, body: this.#describe(name), requestId };
      case 'PutRecord':
        return { ...this.#put(name), requestId };
      case 'StartStreamEncryption': {
        const { KeyId = '' } = input as Record<string, string>;
        return {
          ...this.#start(name, KeyId, requestId, rotationId),
          requestId,
        };
      }
    }
    throw new Error(`The model of Kinesis has no ${operation}`);
  }

  #describe(name: string): object {
    const { random } = this.#options;
    const stream = this.stream(name);
    const { arn, previous, activeAt, staleUntil } = stream;
    const isStale = Date.now() < staleUntil && random.chance(0.5);
    const isUpdating = Date.now() < activeAt && !isStale;
    const shown = isStale || isUpdating ? previous : stream.current;
    return {
      StreamDescriptionSummary: {
        StreamName: name,
        StreamARN: arn,
        StreamStatus: isUpdating ? 'UPDATING' : 'ACTIVE',
        ...(shown && { EncryptionType: 'KMS', KeyId: shown.keyId }),
        RetentionPeriodHours: 24,
        StreamCreationTimestamp: 0,
        EnhancedMonitoring: [],
        OpenShardCount: 1,
      },
    };
  }

  #put(name: string): Answer {
    const { current, previous, activeAt } = this.stream(name);
    const used = Date.now() < activeAt ? previous : current;
    const refused = used && this.#keyRefusal(used.keyArn);
    if (refused) return refused;
    const body = {
      ShardId: 'shardId-000000000000',
      SequenceNumber: '1',
      EncryptionType: used ? 'KMS' : 'NONE',
    };
    return { status: 200, body };
  }

  #start(
    name: string,
    keyId: string,
    requestId: string,
    rotationId?: string,
  ): Answer {
    const { random, keys, updateMs, onStart, onQuotaRefused } = this.#options;
    const stream = this.stream(name);
    if (Date.now() < stream.activeAt) {
      return refusal('ResourceInUseException', 'Stream is not ACTIVE');
    }
    const key = keys.find(keyId);
    const refused = this.#keyRefusal(keyId);
    if (key === undefined || refused) {
      return refused ?? refusal('KMSNotFoundException');
    }
    if (this.counted(name).length >= APPLIED_LIMIT) {
      if (rotationId !== undefined) onQuotaRefused(name);
      return refusal('LimitExceededException', 'Quota of 25 in 24 hours');
    }
    const start: AppliedStart = {
      at: Date.now(),
      keyId,
      keyArn: key.Arn,
      requestId,
      ...(rotationId && { rotationId }),
    };
    const duration = updateMs();
    stream.previous = stream.current;
    stream.current = { keyId, keyArn: key.Arn };
    stream.activeAt = Date.now() + duration;
    const behind = Math.min(duration + BEHIND_MS, 25_000);
    stream.staleUntil = Date.now() + random.between(0, behind);
    stream.starts.push(start);
    onStart(name, start);
    return { status: 200, body: {} };
  }

  #keyRefusal(keyId: string): Answer | undefined {
    const key: StoredKey | undefined = this.#options.keys.find(keyId);
    if (key === undefined) return refusal('KMSNotFoundException');
    if (key.KeyState === 'Disabled') return refusal('KMSDisabledException');
    const reason = unusableReason(
      { ...key, CreationDate: undefined, DeletionDate: undefined } as never,
      REGION,
    );
    return reason ? refusal('KMSInvalidStateException', reason) : undefined;
  }
}

export function streamArn(name: string): string {
  return `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/${name}`;
}
