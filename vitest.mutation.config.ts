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
    testTimeout: 60_000,
  },
});
