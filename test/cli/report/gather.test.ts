import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { pacedDescribe } from '../../../cli/keys/stream-clients.ts';
import { gatherStreams } from '../../../cli/report/gather.ts';
import { toStreamArn } from '../../../shared/identifiers/arn.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../../shared/lambda/clients.ts';
import {
  type LocalRotations,
  openLocalRotations,
} from '../../support/workflow/local-rotations.ts';

const MANY = 34;

let aws: LocalRotations;

beforeAll(async () => {
  aws = await openLocalRotations(0.1, MANY);
});

afterAll(() => aws.close());

/** Clients of the embedded AWS that count their calls. */
function watchedClients() {
  const described: number[] = [];
  let open = 0;
  let peak = 0;
  const watched = <Answer>(answer: Promise<Answer>): Promise<Answer> => {
    open++;
    peak = Math.max(peak, open);
    return answer.finally(() => open--);
  };
  const kinesis = kinesisClient({ maxAttempts: 1 });
  const kms = kmsClient();
  const dynamodb = dynamoDbClient();
  kinesis.middlewareStack.add((next) => (args) => {
    described.push(Date.now());
    return watched(next(args));
  });
  kms.middlewareStack.add((next) => (args) => watched(next(args)));
  dynamodb.middlewareStack.add((next) => (args) => watched(next(args)));
  const clients = {
    kms,
    dynamodb,
    tableName: ledgerTableName(),
    describe: pacedDescribe(kinesis),
  };
  const close = () => {
    for (const client of [kinesis, kms, dynamodb]) client.destroy();
  };
  return { clients, described, open: () => open, peak: () => peak, close };
}

describe('gatherStreams', () => {
  it('describes at most ten streams a second, hardly fewer, and keeps their order', async () => {
    const { region, account } = aws;
    const chosen = Array.from({ length: MANY }, aws.nextStream).map(
      (Entry) => ({
        StreamName: Entry.StreamName,
        StreamARN: toStreamArn(
          { partition: 'aws', region, account },
          Entry.StreamName,
        ),
        Entry,
      }),
    );
    const { clients, described, open, peak, close } = watchedClients();
    let known = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      let isDone = false;
      const onStream = () => known++;
      const gathering = gatherStreams(chosen, clients, { onStream }).finally(
        () => {
          isDone = true;
        },
      );
      while (!isDone) {
        // Time stands still while a call is under way.
        await new Promise(setImmediate);
        if (open() === 0) await vi.advanceTimersByTimeAsync(10);
      }
      const inputs = await gathering;
      expect(inputs.map(({ StreamName }) => StreamName)).toEqual(
        chosen.map(({ StreamName }) => StreamName),
      );
      expect(inputs.every(({ ring }) => ring?.length === 3)).toBe(true);
    } finally {
      vi.useRealTimers();
      close();
    }
    expect(known).toBe(MANY);
    // Of each stream, the ring, the current key, the ledger entry and the records.
    expect(peak()).toBeGreaterThan(6);
    expect(peak()).toBeLessThanOrEqual(10 * 6);
    expect(described).toHaveLength(MANY);
    for (const [i, at] of described.entries()) {
      const eleventh = described[i + 10] ?? Number.POSITIVE_INFINITY;
      expect(eleventh - at).toBeGreaterThanOrEqual(1000);
    }
    const took = (described.at(-1) ?? 0) - (described[0] ?? 0);
    expect(took).toBeLessThan(MANY * 100 + 500);
  });

  it('begins no further stream after an abort', async () => {
    const { region, account } = aws;
    const where = { partition: 'aws', region, account };
    const chosen = Array.from({ length: 30 }, (_, at) => ({
      StreamName: `nowhere-${at}`,
      StreamARN: toStreamArn(where, `nowhere-${at}`),
    }));
    const { clients, described, open, close } = watchedClients();
    const stop = new AbortController();
    const { signal } = stop;
    const onStream = () => stop.abort(new Error('stop'));
    const gathering = gatherStreams(chosen, clients, { onStream, signal });
    await expect(gathering).rejects.toThrow('stop');
    await vi.waitUntil(() => open() === 0);
    expect(described.length).toBeLessThanOrEqual(10);
    close();
  });
});
