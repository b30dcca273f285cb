import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUDGETS } from '../../bench/budgets.ts';
import { awsCalls } from '../../bench/sections/cost.ts';
import { ourLedger } from '../../bench/subjects/ledgers.ts';
import { hearCalls } from '../../bench/support/aws-calls.ts';
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
    'keeps to its calls where the update takes %d s',
    (seconds) => {
      const { StateTransitions, LambdaInvocations, AwsCalls } =
        BUDGETS.Calls[seconds];
      const calls = callsOf(2, seconds);
      expect(calls.StateTransitions).toBeLessThanOrEqual(StateTransitions);
      expect(calls.LambdaInvocations).toBeLessThanOrEqual(LambdaInvocations);
      expect(awsCalls(calls)).toBeLessThanOrEqual(AwsCalls);
    },
  );

  it('looks once in 15 s at an update that is long', () => {
    const [from, to] = [600, 3600];
    const looks = describesOf(to) - describesOf(from);
    const most = (to - from) / BUDGETS.SecondsPerLook;
    expect(looks).toBeLessThanOrEqual(most);
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
    const { result, calls } = await hearCalls(() =>
      Promise.all(
        Array.from({ length: contenders }, () =>
          ledger.take(`arn:${contenders}`),
        ),
      ),
    );
    const granted = result.filter(Boolean).length;
    return { granted, callsEach: calls.length / contenders };
  }

  it('takes a read and a write alone', async () => {
    expect(await reserve(table.client, 1)).toEqual({
      granted: 1,
      callsEach: BUDGETS.ReserveCalls,
    });
  });

  it('takes little more of a hundred at once, of whom one gets it', async () => {
    const { granted, callsEach } = await reserve(table.client, 100);
    expect(granted).toBe(1);
    expect(callsEach).toBeGreaterThan(1);
    expect(callsEach).toBeLessThanOrEqual(BUDGETS.ContendedReserveCalls);
  });
});
