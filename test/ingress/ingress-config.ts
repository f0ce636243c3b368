/** What an ingress is told in tests: one agent, its pool's certificates. Apart from the bed, because a bench uses it too. */
import { randomBytes } from 'node:crypto';
import type { IngressAgent, IngressConfig } from '../../contract/index.ts';
import { makeCertificates } from './certificates.ts';

/** The first is a worker of shop/pool; the last of another team's pool. */
export const certificates = makeCertificates(['worker.clrk.internal', 'ingress', 'other.clrk.internal'], {
  'worker.clrk.internal': 'clrk://pool/shop/pool',
  'other.clrk.internal': 'clrk://pool/shop/pool',
});
export const foreign = makeCertificates(['worker.clrk.internal', 'ingress']);

export const agent: IngressAgent = {
  kind: 'TaskAgent',
  namespace: 'shop',
  name: 'hello',
  uid: 'u1',
  pool: 'shop/pool',
  servingRevision: 'hello-00001',
  timeoutMs: 5_000,
  maxConcurrent: 0,
};

export function configWith(agents: readonly IngressAgent[], client = certificates.ingress): IngressConfig {
  return {
    version: 1,
    digest: `sha256:${randomBytes(4).toString('hex')}`,
    agents: [...agents],
    dispatchTls: { ...client, serverCaPem: certificates.ca.certificatePem },
    platform: {
      caPem: '',
      nats: { url: '', jwt: '', seed: '', inbox: '' },
      otlp: { endpoint: '', token: '' },
    },
  };
}
