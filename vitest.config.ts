import { defineConfig } from 'vitest/config';

/** Tests of decisions, which leave nothing behind: no variable, server or timer. */
const DECISIONS = [
  'test/shared/{config,contract,events,fleet,guard,identifiers,keys,rotation}/**/*.test.ts',
  'test/cli/report/{formats,sections}/**/*.test.ts',
];
/** Tests that start the command line or the packager. */
const PROCESSES = ['test/**/*.process.test.ts'];
const FAULTS = ['test/{faults,hostile,simulation}/**/*.test.ts'];

export default defineConfig({
  test: {
    env: {
      POWERTOOLS_LOG_LEVEL: 'SILENT',
      POWERTOOLS_METRICS_DISABLED: 'true',
      CHILD_COVERAGE: process.argv.includes('--coverage') ? 'true' : '',
    },
    // Most of a test's time is waiting for an emulator.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        // A third of their time would be the start of a process for each file.
        test: { name: 'decisions', include: DECISIONS, isolate: false },
      },
      {
        extends: true,
        test: {
          name: 'services',
          include: ['test/**/*.test.ts'],
          exclude: [...DECISIONS, ...PROCESSES, ...FAULTS],
        },
      },
      { extends: true, test: { name: 'processes', include: PROCESSES } },
      { extends: true, test: { name: 'faults', include: FAULTS } },
    ],
    coverage: {
      provider: 'v8',
      include: ['{cli,functions,local,shared,stack}/**/*.ts'],
      // scripts/coverage.ts reads the JSON, and adds what child processes ran.
      reporter: ['json', 'html'],
    },
  },
});
