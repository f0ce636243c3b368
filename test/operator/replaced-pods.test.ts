/** How the pods of what the operator writes are replaced: none goes before its successor is ready, and none is killed within a run. */
import { expect, test } from 'vitest';
import { gatewayDeployment } from '../../operator/egressgateway/children.ts';
import type { EgressGateway, WorkerPool } from '../../operator/kind.ts';
import { workerDeployment } from '../../operator/workerpool/children.ts';
import { gateway, pool } from './manifest.ts';

interface Replaced {
  readonly spec: {
    readonly strategy: { readonly rollingUpdate: object };
    readonly template: { readonly spec: { readonly terminationGracePeriodSeconds: number } };
  };
}

/** What `spec.timeout` of a TaskAgent allows. */
const longestRunSeconds = 300;

test.each([
  ['workers', workerDeployment(pool as unknown as WorkerPool)],
  ['gateways', gatewayDeployment(gateway as unknown as EgressGateway, 'x/clrk:1')],
])('%s', (_what, deployment) => {
  const { strategy, template } = (deployment as unknown as Replaced).spec;
  expect(strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: '25%' });
  expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThan(longestRunSeconds);
});
