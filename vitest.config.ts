import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    env: {
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
      CHILD_COVERAGE: process.argv.includes('--coverage') ? 'true' : '',
    },
    // Most of a test's time is waiting for an emulator.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['{cli,functions,local,shared,stack}/**/*.ts'],
      // scripts/coverage.ts reads the JSON, and adds what child processes ran.
      reporter: ['json', 'html'],
    },
  },
});
