import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Trigger } from '../../shared/contract/trigger.ts';
import { readHistory } from '../../shared/history/read-history.ts';
import {
  dynamoDbClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import { countedSlots } from '../../shared/ledger/counted-slots.ts';
import { LedgerReader } from '../../shared/ledger/ledger-reader.ts';
import { usage } from '../../shared/ledger/usage.ts';
import { SLOT_MS } from '../../shared/ledger/window.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import { withEnvironment } from '../environment/environment.ts';
import { locateStreams } from '../environment/locate-stream.ts';
import {
  type ChosenStream,
  checkStreamFlags,
  isOneStream,
  type StreamOptions,
} from '../input/streams.ts';
import {
  type QuotaReport,
  quotaPicture,
  quotaTable,
} from '../output/quota-text.ts';
import { type OutputOptions, render } from '../output/render.ts';

export interface QuotaOptions
  extends AwsOptions,
    OutputOptions,
    StreamOptions {}

/**
 * Prints how much of the quota of a stream, or of all of rotations.yml, is
 * used: which slot, since when, by whom, and when it is free again.
 *
 * @returns the exit code
 */
export async function quota(
  options: QuotaOptions,
  context: CommandContext,
): Promise<number> {
  checkStreamFlags(options);
  return withEnvironment(options, context, async (environment) => {
    const streams = await locateStreams(options, environment, context);
    const isOne = isOneStream(options);
    const client = dynamoDbClient();
    try {
      const reports: QuotaReport[] = [];
      for (const stream of streams) {
        reports.push(await reportOn(client, stream, Date.now()));
      }
      const [first] = reports;
      const text =
        isOne && first
          ? render(first, options, () => quotaPicture(first, Date.now()))
          : render(reports, options, () => quotaTable(reports));
      process.stdout.write(text);
      return 0;
    } finally {
      client.destroy();
    }
  });
}

async function reportOn(
  client: DynamoDBClient,
  { StreamName, StreamARN }: ChosenStream,
  now: number,
): Promise<QuotaReport> {
  const entry = await new LedgerReader(client, ledgerTableName()).read(
    StreamARN,
  );
  const slots = countedSlots(entry, now).toSorted(
    (a, b) => a.StampedAt - b.StampedAt,
  );
  const earliest = slots[0]?.StampedAt ?? now;
  const triggers = new Map<string, Trigger | undefined>();
  // A rotation may have waited for two days before it took its slot.
  const since = earliest - 2 * SLOT_MS;
  for await (const outcome of slots.length > 0
    ? readHistory(client, ledgerTableName(), StreamARN, { since })
    : []) {
    triggers.set(outcome.RotationId, outcome.Trigger);
  }
  return {
    StreamName,
    StreamARN,
    Quota: usage(entry, now),
    Slots: slots.map((slot) => {
      const Trigger = triggers.get(slot.RotationId);
      return {
        State: slot.State,
        StampedAt: new Date(slot.StampedAt).toISOString(),
        FreeAt: new Date(slot.StampedAt + SLOT_MS).toISOString(),
        KeyId: slot.KeyId,
        By: slot.RotationId,
        ...(Trigger && { Trigger }),
        ...(slot.IsReported && { IsReported: true as const }),
      };
    }),
  };
}
