/**
 * Telemetry behind a real API server: the manifests of apps/ installed (their rights, their APIService), the store filled by
 * what its tests publish. The Service is an ExternalName, because nothing routes to ClusterIPs here.
 */
import { App } from 'cdk8s';
import { afterAll, beforeAll } from 'vitest';
import { PlatformChart } from '../../../apps/index.ts';
import { createCa, issueLeaf, type CertificateAndKey } from '../../../pki/index.ts';
import type { Invocation } from '../../../contract/index.ts';
import type { TelemetryOptions } from '../../../telemetry/service.ts';
import { until } from '../embedded.ts';
import { ServiceBed } from '../service-bed.ts';
import { AggregatingApiServer, type Ran } from './api-server.ts';

export const serviceAccount = 'system:serviceaccount:clrk-system:clrk-telemetry';

const users = {
  admin: ['system:masters'],
  [serviceAccount]: [],
  /** May view team-a. */
  alice: ['people'],
  /** May view team-b. */
  bob: ['people'],
  /** May view everything. */
  auditor: ['people'],
  nobody: ['people'],
};

type Manifest = Record<string, unknown> & { readonly kind: string; readonly spec: Record<string, unknown> };
const rightsAndNamespaces = [
  'Namespace',
  'ServiceAccount',
  'ClusterRole',
  'ClusterRoleBinding',
  'Role',
  'RoleBinding',
];

function binding(namespace: string | undefined, user: string, role: string): object {
  const metadata = { name: `${user}-${role}`, ...(namespace === undefined ? {} : { namespace }) };
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
  };
}

/** What telemetry and the ingress share. */
export const voucherKeyOfTests = new Uint8Array(32).fill(7);

export class ClusterBed {
  readonly api = new AggregatingApiServer();
  readonly servingCa = createCa({ commonName: 'clrk-control-plane', years: 1 });
  service!: ServiceBed;
  readonly #certificate: CertificateAndKey;
  #aggregated!: NonNullable<TelemetryOptions['aggregated']>;

  constructor() {
    this.#certificate = issueLeaf({
      ca: this.servingCa,
      commonName: 'clrk-telemetry',
      dnsNames: ['clrk-telemetry.clrk-system.svc', 'localhost'],
      ips: ['127.0.0.1'],
      ttlMs: 3600_000,
      usage: 'server',
    });
  }

  async open(ingressUrl = 'http://127.0.0.1:1/'): Promise<void> {
    await this.api.start(users);
    this.#aggregated = {
      port: 0,
      call: this.api.caller(serviceAccount),
      ingressUrl,
      voucherKey: () => voucherKeyOfTests,
      pollMs: 100,
      recheckMs: 200,
      watcherLimits: { inAll: 12, ofUser: 4, ofNamespace: 8 },
    };
    this.service = new ServiceBed({
      tls: () => ({ cert: this.#certificate.certificatePem, key: this.#certificate.privateKeyPem }),
      aggregated: this.#aggregated,
    });
    await this.service.open();
    await this.install();
  }

  async close(): Promise<void> {
    await this.service?.close();
    await this.api[Symbol.asyncDispose]();
  }

  /** Telemetry ends and comes back on the same port. */
  async restart(meanwhile: () => Promise<void>): Promise<void> {
    const { port } = this;
    await this.service.service[Symbol.asyncDispose]();
    await meanwhile();
    await this.service.openService({ aggregated: { ...this.#aggregated, port } });
  }

  get port(): number {
    return this.service.service.aggregatedPort;
  }

  async install(): Promise<void> {
    const manifests = new PlatformChart(new App(), 'platform').toJson() as Manifest[];
    const metadata = { name: 'clrk-telemetry', namespace: 'clrk-system' };
    const namespaces = ['team-a', 'team-b'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name },
    }));
    await this.api.apply([...manifests.filter(({ kind }) => kind === 'Namespace'), ...namespaces]);
    const spec = { type: 'ExternalName', externalName: 'localhost', ports: [{ port: this.port }] };
    await this.api.apply([
      ...manifests.filter(({ kind }) => rightsAndNamespaces.includes(kind)),
      { apiVersion: 'v1', kind: 'Service', metadata, spec },
      ...manifests.filter(({ kind }) => kind === 'APIService').map((each) => this.#local(each)),
      binding('team-a', 'alice', 'clrk-viewer'),
      binding('team-b', 'bob', 'clrk-viewer'),
      binding(undefined, 'auditor', 'clrk-viewer'),
    ]);
    let last = '';
    await until(
      'the API is served',
      async () => {
        const ran = await this.api.kubectl('auditor', ['get', 'inv', '-A']);
        const why = await this.api.kubectl('admin', [
          'get',
          'apiservice',
          'v1alpha1.telemetry.clrk.apoxy.dev',
          '-o',
          'jsonpath={.status}',
        ]);
        last = `${ran.stderr} ${why.stdout}`;
        return ran.code === 0;
      },
      30_000,
    ).catch((error: unknown) => {
      throw new Error(last, { cause: error });
    });
  }

  #local(apiService: Manifest): object {
    const service = { ...(apiService.spec['service'] as object), port: this.port };
    const caBundle = Buffer.from(this.servingCa.certificatePem).toString('base64');
    return { ...apiService, spec: { ...apiService.spec, service, caBundle } };
  }

  async kubectl(user: string, ...args: readonly string[]): Promise<Ran> {
    return await this.api.kubectl(user, args);
  }

  /** Published, and until the store has it. */
  async record(...events: readonly Invocation[]): Promise<void> {
    for (const event of events) {
      await this.service.publish(event);
      const { namespace, name } = event.metadata;
      const { phase } = event.status;
      await until(`${name} is ${phase}`, async () => {
        const ran = await this.kubectl(
          'admin',
          'get',
          'inv',
          '-n',
          namespace,
          name,
          '-o',
          'jsonpath={.status.phase}',
        );
        return ran.stdout === phase;
      });
    }
  }
}

export function useCluster(): ClusterBed {
  const bed = new ClusterBed();
  beforeAll(() => bed.open(), 180_000);
  afterAll(() => bed.close());
  return bed;
}

export function call(
  namespace: string,
  id: string,
  status: Invocation['status'],
  more: { readonly agent?: string; readonly createdAt?: number } = {},
): Invocation {
  const creationTimestamp = new Date(more.createdAt ?? Date.now()).toISOString();
  return {
    apiVersion: 'telemetry.clrk.apoxy.dev/v1alpha1',
    kind: 'Invocation',
    metadata: { name: id, uid: id, namespace, creationTimestamp },
    spec: {
      parentRef: {
        kind: 'TaskAgent',
        name: more.agent ?? 'hello',
        uid: 'b9d2c3d8-1111-4222-8333-444455556666',
      },
      trigger: { type: 'HTTP', source: 'ingress' },
      identity: { audiences: [] },
    },
    status,
  };
}
