/**
 * A real etcd, kube-apiserver and kube-controller-manager for one test file: random ports, own temporary directory,
 * gone afterwards. Not a mock: garbage collection, server-side apply and conflicts are what the operator lives on.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import {
  ApiClient,
  type CallObserver,
  type KubeObject,
  type Resource,
} from '../../operator/runtime/index.ts';

const versions = { etcd: '3.6.5', 'kube-apiserver': '1.34.2', 'kube-controller-manager': '1.34.2' } as const;

function tool(name: keyof typeof versions): string {
  const cache = process.env['CLRK_CACHE'] ?? join(homedir(), '.cache/clrk');
  return join(cache, 'tools', name, versions[name], name);
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

export class ControlPlane {
  readonly directory = mkdtempSync(join(tmpdir(), 'clrk-operator-test-'));
  readonly #token = randomBytes(16).toString('hex');
  readonly #children = new Map<string, ChildProcess>();
  readonly #audit: boolean;
  #etcdPort = 0;
  #port = 0;

  private constructor(audit: boolean) {
    this.#audit = audit;
  }

  /** With `audit`, every request is recorded (`auditLog`). */
  static async start(options: { readonly audit?: boolean } = {}): Promise<ControlPlane> {
    const plane = new ControlPlane(options.audit === true);
    try {
      await plane.#boot();
      return plane;
    } catch (thrown) {
      await plane.stop();
      throw thrown;
    }
  }

  /** As cluster admin, or as whoever the token names. */
  config(token = this.#token): KubeConfig {
    const config = new KubeConfig();
    config.loadFromClusterAndUser(
      { name: 'test', server: `https://127.0.0.1:${this.#port}`, skipTLSVerify: true },
      { name: 'user', token },
    );
    return config;
  }

  get auditLog(): string {
    return join(this.directory, 'audit.log');
  }

  /** A token of the ServiceAccount, as a pod of it would get. */
  async tokenOf(namespace: string, account: string): Promise<string> {
    const core = this.config().makeApiClient(CoreV1Api);
    const body = { spec: { audiences: ['https://kubernetes.default.svc'] } };
    const answer = await core.createNamespacedServiceAccountToken({ namespace, name: account, body });
    return answer.status?.token ?? '';
  }

  client(observe?: CallObserver, token?: string): ApiClient {
    return new ApiClient(this.config(token), observe);
  }

  async stop(): Promise<void> {
    for (const name of ['kube-controller-manager', 'kube-apiserver', 'etcd']) await this.#end(name);
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** Kills the API server and brings it back on the same port with the same data. */
  async restartApiServer(): Promise<void> {
    await this.#end('kube-apiserver');
    await this.#startApiServer();
  }

  async #end(name: string): Promise<void> {
    const child = this.#children.get(name);
    this.#children.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await exited;
  }

  async #boot(): Promise<void> {
    const peerPort = await freePort();
    this.#etcdPort = await freePort();
    this.#port = await freePort();
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    this.#file('sa.key', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    this.#file('sa.pub', publicKey.export({ type: 'spki', format: 'pem' }).toString());
    this.#file('tokens.csv', `${this.#token},admin,admin,"system:masters"\n`);
    const client = `http://127.0.0.1:${this.#etcdPort}`;
    const peer = `http://127.0.0.1:${peerPort}`;
    this.#spawn('etcd', [
      `--data-dir=${join(this.directory, 'etcd')}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--unsafe-no-fsync',
    ]);
    await this.#startApiServer();
    await this.#startControllerManager();
    await this.#installCrds();
  }

  async #startApiServer(): Promise<void> {
    this.#spawn('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${this.#etcdPort}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${this.#port}`,
      `--cert-dir=${join(this.directory, 'certs')}`,
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=198.51.100.128/26',
      '--authorization-mode=RBAC',
      '--allow-privileged=true',
      `--token-auth-file=${join(this.directory, 'tokens.csv')}`,
      // Some clusters enforce it; then owner references need a right of their own.
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      ...(this.#audit ? this.#auditArgs() : []),
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(this.directory, 'sa.pub')}`,
      `--service-account-signing-key-file=${join(this.directory, 'sa.key')}`,
    ]);
    const api = this.client();
    await eventually(async () => {
      const namespaces = {
        group: '',
        version: 'v1',
        plural: 'namespaces',
        kind: 'Namespace',
        namespaced: false,
      };
      const found = await api.get(namespaces, { name: 'default' });
      if (found === undefined) throw new Error('no default namespace yet');
    }, 60_000);
  }

  #auditArgs(): string[] {
    const policy = {
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata' }],
    };
    this.#file('audit-policy.json', JSON.stringify(policy));
    return [
      `--audit-policy-file=${join(this.directory, 'audit-policy.json')}`,
      `--audit-log-path=${this.auditLog}`,
    ];
  }

  async #startControllerManager(): Promise<void> {
    const kubeconfig = join(this.directory, 'kubeconfig');
    writeFileSync(kubeconfig, this.config().exportConfig(), { mode: 0o600 });
    const port = await freePort();
    this.#spawn('kube-controller-manager', [
      `--kubeconfig=${kubeconfig}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${join(this.directory, 'certs-kcm')}`,
      '--leader-elect=false',
      '--controllers=deployment-controller,replicaset-controller,statefulset-controller,garbage-collector-controller,namespace-controller,serviceaccount-controller,persistentvolumeclaim-protection-controller',
      `--service-account-private-key-file=${join(this.directory, 'sa.key')}`,
    ]);
  }

  async #installCrds(): Promise<void> {
    const api = this.client();
    const directory = new URL('../../crds/', import.meta.url);
    const crds = crdResource;
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.yaml'))) {
      for (const document of parseAllDocuments(readFileSync(new URL(file, directory), 'utf8'))) {
        const object = document.toJS() as KubeObject | null;
        if (object?.kind !== 'CustomResourceDefinition') continue;
        await api.apply(crds, object, { fieldManager: 'test' });
      }
    }
    await eventually(async () => {
      const { items } = await api.list(crds, {});
      const ready = (
        items as Array<{ status?: { conditions?: Array<{ type: string; status: string }> } }>
      ).every((crd) =>
        crd.status?.conditions?.some((each) => each.type === 'Established' && each.status === 'True'),
      );
      if (items.length === 0 || !ready) throw new Error('CRDs not established');
    }, 20_000);
  }

  #file(name: string, text: string): void {
    writeFileSync(join(this.directory, name), text, { mode: 0o600 });
  }

  #spawn(name: keyof typeof versions, args: readonly string[]): void {
    const child = spawn(tool(name), args, { stdio: 'ignore' });
    this.#children.set(name, child);
  }
}

const crdResource: Resource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
};

/** Calls until it does not throw, with a deadline; the last error then. */
export async function eventually<T>(attempt: () => Promise<T>, deadlineMs = 15_000): Promise<T> {
  const until = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (Date.now() > until) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
