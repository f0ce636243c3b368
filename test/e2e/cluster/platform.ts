/** What the proof sets on an installed platform, as a person would: the addresses and registry of this cluster. */
import { systemNamespace } from '../../../contract/index.ts';
import type { Cluster } from './cluster.ts';
import { registryHost } from './scene.ts';

/** The test's registry speaks no TLS; the operator reads the setting when it starts. */
export async function configurePlatform(cluster: Cluster): Promise<void> {
  const data = { insecureRegistries: registryHost };
  const patch = JSON.stringify({ data });
  await cluster.must([
    '-n',
    systemNamespace,
    'patch',
    'configmap',
    'clrk-platform',
    '--type=merge',
    '-p',
    patch,
  ]);
  await cluster.must(['-n', systemNamespace, 'rollout', 'restart', 'deployment/clrk-operator']);
}
