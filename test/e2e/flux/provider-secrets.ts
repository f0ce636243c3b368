/** The Secrets dist/examples expects in the cluster, which are never in git. */
import { createCa } from '../../../pki/index.ts';
import type { Cluster } from '../cluster/cluster.ts';

export async function applyProviderSecrets(cluster: Cluster): Promise<void> {
  const secret = (name: string, stringData: Readonly<Record<string, string>>): object => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    stringData,
  });
  const ca = createCa({ commonName: 'provider', years: 1 });
  await cluster.apply([
    secret('openai', { token: 'sk-proof' }),
    secret('provider-ca', { 'ca.crt': ca.certificatePem }),
  ]);
}
