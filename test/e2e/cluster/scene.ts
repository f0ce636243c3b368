/**
 * What the hello example needs around the platform in a cluster: a registry with its image, the provider's stand-in, and
 * dist/examples with these two in place of the development platform's. The stand-in's pod is also the client.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { randomBytes } from 'node:crypto';
import { buildExampleImage } from '../../../examples/images/index.ts';
import { readManifests } from '../../../local/kube/manifest.ts';
import type { KubeObject } from '../../../local/kube/object.ts';
import { repositoryRoot } from '../../../local/root.ts';
import { pushImage } from '../../../oci/index.ts';
import { createCa } from '../../../pki/index.ts';
import type { Cluster } from './cluster.ts';
import { registryImage, registryPort, standInImage } from './images.ts';
import type { CallResult } from './stand-in/client.ts';
import { provideVolumes } from './volumes.ts';

const namespace = 'clrk-e2e';
/** As the workers, which pull it, see it. */
export const registryHost = `registry.${namespace}.svc.cluster.local:${registryPort}`;
/** Where dist/examples puts its objects. */
export const agentNamespace = 'default';
const helloUrl = `http://clrk-hello.${agentNamespace}/`;

function deployment(name: string, container: object, volumes: readonly object[]): object {
  const labels = { app: name };
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ name, imagePullPolicy: 'IfNotPresent', securityContext, ...container }],
          volumes,
          terminationGracePeriodSeconds: 1,
        },
      },
    },
  };
}

function service(name: string, port: number, targetPort: number): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port, targetPort }] },
  };
}

function secret(name: string, where: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: where }, stringData };
}

interface Identity {
  readonly key: string;
  readonly caPem: string;
}

/** Registry and stand-in, with the hello image pushed: once a cluster, found again by the files that come later. */
async function openSurroundings(cluster: Cluster): Promise<Identity> {
  const found = await cluster.kubectl(['-n', namespace, 'get', 'secret', 'stand-in', '-o', 'json']);
  if (found.code === 0) {
    const { data } = JSON.parse(found.stdout) as { readonly data: Readonly<Record<string, string>> };
    const text = (name: string): string => Buffer.from(data[name] ?? '', 'base64').toString('utf8');
    return { key: text('key'), caPem: text('ca.crt') };
  }
  const key = `sk-e2e-${randomBytes(24).toString('base64url')}`;
  const ca = createCa({ commonName: 'clrk e2e stand-in', years: 1 });
  const quiet = [{ name: 'OTEL_TRACES_EXPORTER', value: 'none' }];
  const registry = { image: registryImage, env: quiet, volumeMounts: [{ name: 'data', mountPath: '/data' }] };
  const mounts = [{ name: 'keys', mountPath: '/etc/stand-in', readOnly: true }];
  await cluster.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    secret('stand-in', namespace, { key, 'ca.crt': ca.certificatePem, 'ca.key': ca.privateKeyPem }),
    deployment('registry', registry, [{ name: 'data', emptyDir: {} }]),
    service('registry', registryPort, registryPort),
    deployment('stand-in', { image: standInImage, volumeMounts: mounts }, [
      { name: 'keys', secret: { secretName: 'stand-in' } },
    ]),
    service('stand-in', 443, 8443),
  ]);
  await cluster.wait('Available', namespace, 'deployment/registry', 'deployment/stand-in');
  await pushHello(cluster);
  return { key, caPem: ca.certificatePem };
}

async function pushHello(cluster: Cluster): Promise<void> {
  const layout = await mkdtemp(join(tmpdir(), 'clrk-e2e-hello-'));
  const forward = cluster.start(['-n', namespace, 'port-forward', 'service/registry', `:${registryPort}`]);
  try {
    const built = await buildExampleImage('hello', { output: layout });
    const port = await new Promise<string>((resolve, reject) => {
      forward
        .once('error', reject)
        .once('exit', (code) => reject(new Error(`port-forward ended with ${code}`)));
      if (forward.stdout === null) return reject(new Error('port-forward has no output'));
      createInterface({ input: forward.stdout }).once('line', (line) =>
        resolve(/127\.0\.0\.1:(\d+)/.exec(line)?.[1] ?? ''),
      );
    });
    await pushImage({ name: built.name, layout, to: `127.0.0.1:${port}/hello:0.1.0`, plainHttp: true });
  } finally {
    forward.kill();
    await rm(layout, { recursive: true, force: true });
  }
}

export class Scene {
  readonly #cluster: Cluster;
  readonly #identity: Identity;

  private constructor(cluster: Cluster, identity: Identity) {
    this.#cluster = cluster;
    this.#identity = identity;
  }

  static async open(cluster: Cluster): Promise<Scene> {
    await provideVolumes(cluster);
    return new Scene(cluster, await openSurroundings(cluster));
  }

  /** The pool, the gateway, its route and the hello agent, ready. */
  async installHello(replicas = 1): Promise<void> {
    const ip = await this.#cluster.must([
      '-n',
      namespace,
      'get',
      'service',
      'stand-in',
      '-o',
      'jsonpath={.spec.clusterIP}',
    ]);
    const objects = readManifests(join(repositoryRoot, 'dist/examples'))
      .filter(
        ({ kind, metadata }) =>
          kind !== 'Kustomization' && (kind !== 'TaskAgent' || metadata.name === 'hello'),
      )
      .map((object) => inCluster(object, ip, replicas));
    await this.#cluster.apply([
      secret('openai', agentNamespace, { token: this.#identity.key }),
      secret('provider-ca', agentNamespace, { 'ca.crt': this.#identity.caPem }),
      ...objects,
    ]);
    await this.#cluster.wait(
      'Ready',
      agentNamespace,
      'workerpool/default',
      'egressgateway/default',
      'taskagent/hello',
    );
  }

  async removeHello(): Promise<void> {
    const kinds = 'taskagents,aiproviderroutes,credentialinjectionpolicies,egressgateways,workerpools';
    await this.#cluster.must(
      ['-n', agentNamespace, 'delete', kinds, '--all', '--wait=true', '--timeout=120s'],
      {
        timeoutMs: 150_000,
      },
    );
  }

  /** One call of hello's Service from a pod. */
  async call(prompt: string): Promise<CallResult> {
    const said = await this.#cluster.must(this.#exec('call', helloUrl, prompt));
    return JSON.parse(said) as CallResult;
  }

  /** So many calls; the promise is all results, `onResult` sees each as it comes. */
  stream(calls: number, onResult: (result: CallResult) => void): Promise<readonly CallResult[]> {
    const child = this.#cluster.start(this.#exec('stream', helloUrl, String(calls)));
    const results: CallResult[] = [];
    if (child.stdout !== null)
      createInterface({ input: child.stdout }).on('line', (line) => {
        const result = JSON.parse(line) as CallResult;
        results.push(result);
        onResult(result);
      });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) =>
        code === 0 ? resolve(results) : reject(new Error(`the stream's kubectl exec ended with ${code}`)),
      );
    });
  }

  #exec(...words: readonly string[]): readonly string[] {
    const program = ['/usr/local/bin/node', '/app/agent.mjs', ...words];
    return ['-n', namespace, 'exec', 'deployment/stand-in', '--', ...program];
  }
}

/** The example's object with this cluster's registry, provider address and number of workers. Pure. */
export function inCluster(object: KubeObject, providerIp: string, replicas: number): object {
  const text = JSON.stringify(object)
    .replaceAll('localhost:5100/', `${registryHost}/`)
    .replaceAll('198.51.100.250', providerIp);
  const changed = JSON.parse(text) as { readonly kind: string; readonly spec: object };
  return changed.kind === 'WorkerPool' ? { ...changed, spec: { ...changed.spec, replicas } } : changed;
}
