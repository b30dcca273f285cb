import { defineConfig } from 'vitest/config';

/** The fast tests of the modules that stryker.config.json mutates. */
const MODULES = [
  'identifiers/key-id',
  'keys/current-key',
  'keys/key-ring',
  'keys/usable-key',
  'ledger/external-starts',
  'ledger/quota-invariant',
  'ledger/quota-ledger',
  'ledger/reserve',
  'ledger/settle',
  'ledger/spend',
  'ledger/usage',
  'rotation/completion',
  'rotation/plan',
  'rotation/reservation',
  'rotation/rollback',
  'rotation/start-error',
  'rotation/stream-status',
];

export default defineConfig({
  test: {
    include: MODULES.map((name) => `test/shared/${name}.test.ts`),
    testTimeout: 60_000,
  },
});
