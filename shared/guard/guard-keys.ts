import type { KMSClient } from '@aws-sdk/client-kms';
import { nameError } from '../errors/aws-errors.ts';
import { readStreamArn } from '../identifiers/arn.ts';
import type { CurrentKey, ResolvedKey } from '../keys/key-ring.ts';
import { periodsAtLook } from '../keys/stream-sight.ts';
import { logger } from '../lambda/logger.ts';
import type { PublishRisks } from '../lambda/notifier.ts';
import type { KeyPeriod, LedgerEntry } from '../ledger/entry.ts';
import type { QuotaLedger } from '../ledger/quota-ledger.ts';
import { describeKeys } from '../lookup/describe-keys.ts';
import type { DescribedStream } from '../lookup/describe-stream.ts';
import {
  describableId,
  describeRisk,
  type GuardFinding,
  judgeNeededKeys,
  type KeyRisk,
  neededPeriods,
} from './needed-key.ts';
import { markRisks, unpublishRisks } from './risk-mark.ts';

export interface GuardDependencies {
  kms: KMSClient;
  ledger: Pick<QuotaLedger, 'change'>;
  /** What puts risks on the event bus; undefined without a bus. */
  publishRisks?: PublishRisks | undefined;
  stage: string;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** A look at a stream, with the keys that it described already. */
interface GuardedLook {
  current: CurrentKey;
  entry: LedgerEntry;
  described: readonly ResolvedKey[];
}

/**
 * Looks at the keys that records of a stream are under until these have expired, and
 * publishes those that do not serve that long: once on each change, and once a day. A
 * key that cannot be described is logged, and is neither at risk nor in order.
 */
export async function guardKeys(
  stream: DescribedStream,
  look: GuardedLook,
  dependencies: GuardDependencies,
): Promise<GuardFinding> {
  const { kms, now } = dependencies;
  const { StreamARN, StreamName, RetentionPeriodHours = 0 } = stream;
  const at = now();
  const circumstances = {
    streamArn: StreamARN,
    retentionHours: RetentionPeriodHours,
    now: at,
    before: look.entry.AtRisk?.Keys ?? [],
  };
  const needed = neededPeriods(
    periodsAtLook(look.entry, stream, look.current, at),
    circumstances,
  );
  const { region } = readStreamArn(StreamARN);
  const seen = await Promise.all(
    needed.map(async (period) => ({
      period,
      key: await describe(kms, period, look.described, region),
    })),
  );
  const finding = judgeNeededKeys(seen, circumstances);
  for (const { KeyId, Reason } of finding.Unknown) {
    logger.warn('Needed key not known', { StreamName, KeyId, Reason });
  }
  for (const risk of finding.Risks) {
    const { KeyArn, State, Deadline, NeededUntil, Remedy } = risk;
    logger.error('Needed key at risk', {
      StreamName,
      KeyArn,
      State,
      Deadline,
      NeededUntil,
      Remedy,
      Reason: describeRisk(risk),
    });
  }
  await publish(stream, finding.Risks, look.entry, at, dependencies);
  return finding;
}

async function describe(
  kms: KMSClient,
  period: KeyPeriod,
  described: readonly ResolvedKey[],
  region: string,
): Promise<ResolvedKey | undefined> {
  const KeyId = describableId(period);
  if (KeyId === undefined) return undefined;
  const known = described.find(
    ({ Metadata }) => Metadata?.Arn === KeyId || Metadata?.KeyId === KeyId,
  );
  if (known) return known;
  try {
    const [key] = await describeKeys(kms, { KeyId }, region);
    return key;
  } catch (error) {
    return { KeyId, Refusal: nameError(error) };
  }
}

async function publish(
  { StreamARN, StreamName }: DescribedStream,
  Keys: KeyRisk[],
  entry: LedgerEntry,
  at: number,
  { ledger, publishRisks, stage }: GuardDependencies,
): Promise<void> {
  if (Keys.length === 0 && entry.AtRisk === undefined) return;
  const marks = Keys.map(({ KeyArn, State, Deadline, Remedy }) => ({
    KeyArn,
    State,
    Deadline,
    HasRemedy: Remedy.length > 0,
  }));
  try {
    const isDue = await ledger.change(StreamARN, (known) =>
      markRisks(known, { Keys: marks, At: at }),
    );
    if (!isDue || publishRisks === undefined) return;
    const At = new Date(at).toISOString();
    const isPublished = await publishRisks({
      Stage: stage,
      StreamName,
      StreamARN,
      At,
      Keys,
    });
    if (isPublished) return;
    await ledger.change(StreamARN, (known) => unpublishRisks(known, at));
  } catch (error) {
    logger.error('Keys at risk could not be published', { StreamName, error });
  }
}
