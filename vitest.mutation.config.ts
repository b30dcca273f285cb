import { defineConfig } from 'vitest/config';

/** The fast tests of the modules that stryker.config.json mutates. */
const MODULES = [
  'describe-judgement',
  'key-identity',
  'key-ring',
  'ledger-entry',
  'plan',
  'quota-ledger',
  'rollback',
  'start-refusal',
];

export default defineConfig({
  test: {
    include: MODULES.map((name) => `test/shared/${name}.test.ts`),
    // It takes seconds, and would do so for every change of the ledger.
    testNamePattern: /^(?!QuotaLedger against a plain model)/,
    testTimeout: 60_000,
  },
});
