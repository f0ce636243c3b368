/**
 * How the tests run: one process a file (they change namespaces, environment and signal handlers), two at a time
 * (the machine we plan for has two cores). In CI a JSON report feeds the `N passed, N failed` line.
 */
import { defineConfig } from 'vitest/config';

const inCi = process.env['CI'] !== undefined;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Real sockets, processes and sandboxes on a loaded two-core machine: generous, and still an end.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    reporters: inCi ? ['default', 'json'] : ['default'],
    outputFile: { json: 'build/test-report.json' },
    // `test.only` in a commit would silence everything else.
    allowOnly: !inCi,
    // Secrets of the person who runs the tests are none of the tests' business.
    env: { CLRK_LOG_LEVEL: process.env['CLRK_LOG_LEVEL'] ?? 'silent', OPENAI_API_KEY: '' },
  },
});
