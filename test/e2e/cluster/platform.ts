/** The installed platform as every way of installing it must give it, and how it is taken away again. */
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

export async function expectAvailable(cluster: Cluster): Promise<void> {
  await cluster.wait('Available', systemNamespace, 'deployment', '--all');
  const nats = ['-n', systemNamespace, 'rollout', 'status', 'statefulset/clrk-nats', '--timeout=240s'];
  await cluster.must(nats, { timeoutMs: 260_000 });
}

/** Whatever state a test has left it in; the kinds go too, and with them every object of theirs. */
export async function removePlatform(cluster: Cluster): Promise<void> {
  const names = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await cluster.must(['get', ...words, '-o', 'name'])).split('\n').filter((name) => name.includes('clrk'));
  const ofPlatform = ['--selector', 'app.kubernetes.io/part-of=clrk'] as const;
  // First: an API that is registered and not served keeps the cluster from ending any namespace.
  const registered = await names('apiservices', ...ofPlatform);
  if (registered.length > 0) await cluster.must(['delete', '--ignore-not-found', ...registered]);
  await cluster.must(['delete', '-n', 'kube-system', 'rolebindings', ...ofPlatform]);
  const doomed = [
    ...(await names('crd')),
    ...(await names('clusterroles,clusterrolebindings')),
    ...(await names('validatingadmissionpolicies,validatingadmissionpolicybindings')),
    ...(await names('namespaces', '--field-selector', `metadata.name=${systemNamespace}`)),
  ];
  if (doomed.length > 0)
    await cluster.must(['delete', '--timeout=400s', '--ignore-not-found', ...doomed], { timeoutMs: 420_000 });
}
