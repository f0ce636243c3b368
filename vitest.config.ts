/**
 * How the tests run: one process a file (they change namespaces, environment and signal handlers), two at a time
 * (the machine we plan for has two cores). `platform` tests have the whole machine: after all others, one file at a
 * time; `e2e` after those. In CI a JSON report feeds the `N passed, N failed` line.
 */
import { defineConfig } from 'vitest/config';
import { seededProperties } from './test/seeded-properties.ts';

const inCi = process.env['CI'] !== undefined;

// What brings up a whole platform or cluster: its ports, addresses and timing are the machine's.
// Those with real things beside ours are vitest.proofs.config.ts's.
const proofs = [
  'test/e2e/cluster/**',
  'test/e2e/faults/**',
  'test/e2e/flux/**',
  'test/e2e/argo/**',
  'test/mcp/conformance.test.ts',
];
const wholeMachine = ['test/e2e/**/*.test.ts', 'test/local/platform.test.ts'];
// These share one development platform, which stays up from the first of them to the last.
const onOnePlatform = ['test/e2e/*.test.ts'];

export default defineConfig({
  plugins: [seededProperties(process.env['CLRK_TEST_SEED'])],
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'parts', include: ['test/**/*.test.ts'], exclude: [...wholeMachine, ...proofs] },
      },
      {
        extends: true,
        test: {
          name: 'platform',
          include: wholeMachine,
          exclude: [...proofs, ...onOnePlatform],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: onOnePlatform,
          globalSetup: 'test/e2e/global-setup.ts',
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
    pool: 'forks',
    maxWorkers: 2,
    // Real sockets, processes and sandboxes on a loaded two-core machine: generous, and still an end.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    expect: { poll: { timeout: 20_000, interval: 50 } },
    reporters: inCi ? ['default', 'json'] : ['default'],
    outputFile: { json: 'build/test-report.json' },
    // `test.only` in a commit would silence everything else.
    allowOnly: !inCi,
    // Secrets of the person who runs the tests are none of the tests' business.
    env: { CLRK_LOG_LEVEL: process.env['CLRK_LOG_LEVEL'] ?? 'silent', OPENAI_API_KEY: '' },
  },
});
