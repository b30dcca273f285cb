import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUDGETS } from '../../bench/budgets.ts';
import { awsCalls } from '../../bench/sections/cost.ts';
import { ourLedger } from '../../bench/subjects/ledgers.ts';
import { recordCalls } from '../../bench/support/calls.ts';
import { callsOf, describesOf } from '../../cli/preview/rotation-cost.ts';
import { ledgerTableName } from '../../shared/lambda/clients.ts';
import {
  type LedgerTable,
  openLedgerTable,
} from '../support/aws/ledger-table.ts';

// test/bench/rotation-cost.test.ts holds these to a real rotation, and
// test/stack/template.test.ts the bundles to their size.
describe('a rotation between two keys', () => {
  it.each([0.5, 2, 10, 60] as const)(
    'keeps to its number of calls for an update of %d s',
    (seconds) => {
      const { StateTransitions, LambdaInvocations, AwsCalls } =
        BUDGETS.calls[seconds];
      const calls = callsOf(2, seconds);
      expect(calls.StateTransitions).toBeLessThanOrEqual(StateTransitions);
      expect(calls.LambdaInvocations).toBeLessThanOrEqual(LambdaInvocations);
      expect(awsCalls(calls)).toBeLessThanOrEqual(AwsCalls);
    },
  );

  it('polls a long update once in 15 s', () => {
    const [from, to] = [600, 3600];
    const polls = describesOf(to) - describesOf(from);
    const most = (to - from) / BUDGETS.secondsPerPoll;
    expect(polls).toBeLessThanOrEqual(most);
  });
});

describe('a reservation', () => {
  let table: LedgerTable;

  beforeAll(async () => {
    table = await openLedgerTable(ledgerTableName());
  });

  afterAll(() => table.close());

  async function reserve(client: DynamoDBClient, contenders: number) {
    const ledger = ourLedger(client, Date.now);
    const { result, calls } = await recordCalls(() =>
      Promise.all(
        Array.from({ length: contenders }, () =>
          ledger.take(`arn:${contenders}`),
        ),
      ),
    );
    const granted = result.filter(Boolean).length;
    return { granted, callsEach: calls.length / contenders };
  }

  it('takes a read and a write', async () => {
    expect(await reserve(table.client, 1)).toEqual({
      granted: 1,
      callsEach: BUDGETS.reserveCalls,
    });
  });

  it('takes few more calls among a hundred at once, and grants one', async () => {
    const { granted, callsEach } = await reserve(table.client, 100);
    expect(granted).toBe(1);
    expect(callsEach).toBeGreaterThan(1);
    expect(callsEach).toBeLessThanOrEqual(BUDGETS.contendedReserveCalls);
  });
});
