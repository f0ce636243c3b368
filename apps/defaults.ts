/**
 * A place to start: a namespace for agents whose pods may make sandboxes, with a worker pool and a gateway named
 * `default`. Apart from the platform: these are custom resources, which the platform's kinds must precede, and a team
 * that makes its own leaves them out.
 */
import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { EgressGateway, WorkerPool } from '../constructs/index.ts';
import { labels } from './system-names.ts';

export const agentsNamespace = 'clrk-agents';

export class DefaultsChart extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id, { labels: { [labels.partOf]: 'clrk' } });
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: agentsNamespace,
        // A worker makes namespaces, mounts and cgroups for its sandboxes: the one privileged pod of the platform.
        labels: { 'pod-security.kubernetes.io/enforce': 'privileged' },
      },
    });
    const metadata = { name: 'default', namespace: agentsNamespace };
    new WorkerPool(this, 'pool', { metadata });
    new EgressGateway(this, 'gateway', { metadata });
  }
}
