/**
 * What to try: two agents that ask a model, behind a gateway that lets nothing else out. With `standIn` the provider is
 * the one this repository ships (own CA, own address); without it is the real one.
 */
import { Chart } from 'cdk8s';
import type { Construct } from 'constructs';
import { Credential, EgressGateway, TaskAgent, WorkerPool } from '../constructs/index.ts';

/** The development registry and images that `clrk dev --example` pushes to it (examples/images). */
const image = (name: string): string => `localhost:5100/${name}:0.1.0`;

/** Where `clrk dev` puts the provider stand-in. */
const standInUpstream = {
  additionalTrustBundle: { name: 'provider-ca' },
  hostAliases: [
    {
      ip: '198.51.100.250',
      hostnames: ['api.openai.com', 'api.anthropic.com', 'generativelanguage.googleapis.com'],
    },
  ],
};

export interface ExamplesChartProps {
  readonly standIn: boolean;
}

export class ExamplesChart extends Chart {
  constructor(scope: Construct, id: string, { standIn }: ExamplesChartProps) {
    super(scope, id, { namespace: 'default', labels: { 'app.kubernetes.io/part-of': 'clrk-examples' } });
    const metadata = { name: 'default' };
    const pool = new WorkerPool(this, 'pool', { metadata });
    const gateway = new EgressGateway(this, 'gateway', { metadata, ...(standIn ? standInUpstream : {}) });
    gateway.allowProvider('openai', {
      models: ['gpt-4o*'],
      credential: Credential.bearer({ name: 'openai', key: 'token' }),
    });
    for (const name of ['hello', 'hello-shell']) {
      new TaskAgent(this, name, { image: image(name), pool, egress: [gateway] });
    }
  }
}
