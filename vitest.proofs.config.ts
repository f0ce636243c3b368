/**
 * The proofs with real things beside this project's own: a real cluster, real Flux, real Argo CD. Apart from `npm test`
 * because they need what a clone cannot bring by itself; `.ci/run` says which of them it runs and why not the others.
 */
import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

const proof = (name: string, include: string, globalSetup?: string) => ({
  extends: true as const,
  test: {
    name,
    include: [include],
    fileParallelism: false,
    ...(globalSetup === undefined ? {} : { globalSetup }),
  },
});

export default defineConfig({
  test: {
    ...base.test,
    projects: [
      proof('faults', 'test/e2e/faults/*.test.ts', 'test/e2e/global-setup.ts'),
      proof('cluster', 'test/e2e/cluster/*.test.ts', 'test/e2e/cluster/set-up.ts'),
      proof('flux', 'test/e2e/flux/*.test.ts', 'test/e2e/flux/set-up.ts'),
      proof('argo-health', 'test/e2e/argo/health.test.ts'),
      proof('argo', 'test/e2e/argo/sync.test.ts', 'test/e2e/argo/set-up.ts'),
      proof('mcp-conformance', 'test/mcp/conformance.test.ts'),
    ],
  },
});
