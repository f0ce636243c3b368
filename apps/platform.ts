/**
 * What to install: namespace, rights, NATS, the three platform processes, their Services, budgets and network policies.
 * Credentials are not here: the operator makes them in the cluster (docs/install.md lists their Secrets).
 */
import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { addAggregatedApi } from './platform-aggregated.ts';
import { addClickhouse, clickhouseUrlOf } from './platform-clickhouse.ts';
import { addNats, natsUrlOf } from './platform-nats.ts';
import { addDefaultDeny, openPorts } from './platform-network.ts';
import { addDeciderPolicy } from './platform-approvals.ts';
import {
  approverRules,
  editRules,
  ingressSystemRules,
  operatorClusterRules,
  operatorSystemRules,
  viewRules,
  workerAdminRules,
} from './platform-rules.ts';
import {
  platformSettingsOf,
  retentionSettingsOf,
  type PlatformProps,
  type PlatformSettings,
} from './platform-settings.ts';
import { addWorkload, metadataOf, selectorOf, setting, type PlatformRole } from './platform-workload.ts';
import {
  clickhouseUser,
  ingressConfigSecret,
  labels,
  platformSettings,
  ports,
  variables,
} from './system-names.ts';

const dataDir = '/var/lib/clrk/telemetry';
const telemetryClaim = 'clrk-telemetry';

export class PlatformChart extends Chart {
  readonly #settings: PlatformSettings;

  constructor(scope: Construct, id: string, props: PlatformProps = {}) {
    super(scope, id, { disableResourceNameHashes: true });
    this.#settings = platformSettingsOf(props);
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: this.#settings.namespace,
        labels: { [labels.partOf]: 'clrk', 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    });
    this.#addSettings();
    if (props.natsUrl === undefined) {
      addNats(this, this.#settings);
      openPorts(this, this.#settings, 'nats', { anyone: [], platform: [ports.nats] });
    }
    if (this.#settings.installClickhouse) {
      addClickhouse(this, this.#settings);
      openPorts(this, this.#settings, 'clickhouse', {
        anyone: [],
        platform: [],
        telemetry: [ports.clickhouse],
      });
    }
    this.#addOperator();
    this.#addIngress();
    this.#addTelemetry();
    addAggregatedApi(this, this.#settings);
    this.#addAggregatedRoles();
    addDefaultDeny(this, this.#settings);
  }

  /** Addresses of this installation; `clrk dev` writes its own. */
  #addSettings(): void {
    const { installClickhouse, platformCidrs } = this.#settings;
    const clickhouseUrl = clickhouseUrlOf(this.#settings);
    new k8s.KubeConfigMap(this, 'settings', {
      metadata: metadataOf(this.#settings, platformSettings),
      data: {
        natsUrl: natsUrlOf(this.#settings),
        ...(clickhouseUrl === undefined ? {} : { clickhouseUrl }),
        ...(installClickhouse ? { clickhouseUser } : {}),
        ...(platformCidrs === undefined ? {} : { platformCidrs }),
        ...retentionSettingsOf(this.#settings),
      },
    });
  }

  #addOperator(): void {
    addWorkload(this, {
      role: 'operator',
      settings: this.#settings,
      ports: {},
      env: [
        setting(variables.natsUrl, 'natsUrl'),
        setting(variables.platformCidrs, 'platformCidrs'),
        setting(variables.insecureRegistries, 'insecureRegistries'),
        { name: variables.platformImage, value: this.#settings.image },
      ],
      usesApi: true,
      platformAuth: false,
      memory: { request: '256Mi', limit: '1Gi' },
      cpus: 2,
      // One leads; the other takes over when it goes.
      replicas: 2,
    });
    this.#addClusterRole('operator', operatorClusterRules);
    this.#addRole('operator', operatorSystemRules);
    openPorts(this, this.#settings, 'operator', { anyone: [ports.health], platform: [] });
  }

  #addIngress(): void {
    addWorkload(this, {
      role: 'ingress',
      settings: this.#settings,
      ports: { http: ports.ingressHttp },
      env: [{ name: variables.configSecret, value: ingressConfigSecret }],
      usesApi: true,
      platformAuth: false,
      memory: { request: '128Mi', limit: '512Mi' },
      cpus: 4,
      replicas: 2,
    });
    this.#addRole('ingress', ingressSystemRules);
    this.#addService(
      'ingress',
      { http: { port: 80, targetPort: ports.ingressHttp } },
      { [labels.expose]: 'true' },
    );
    openPorts(this, this.#settings, 'ingress', { anyone: [ports.ingressHttp, ports.health], platform: [] });
  }

  #addTelemetry(): void {
    const { storageClass } = this.#settings;
    new k8s.KubePersistentVolumeClaim(this, 'telemetry-claim', {
      metadata: metadataOf(this.#settings, telemetryClaim),
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: k8s.Quantity.fromString('20Gi') } },
        ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      },
    });
    addWorkload(this, {
      role: 'telemetry',
      settings: this.#settings,
      ports: { otlp: ports.otlpHttp, api: ports.telemetryApi, aggregated: ports.aggregatedApi },
      env: [
        setting(variables.natsUrl, 'natsUrl'),
        setting(variables.clickhouseUrl, 'clickhouseUrl'),
        setting(variables.clickhouseUser, 'clickhouseUser'),
        setting(variables.streamBytes, 'streamBytes'),
        setting(variables.streamFull, 'streamFull'),
        setting(variables.logRetentionDays, 'logRetentionDays'),
        setting(variables.traceRetentionDays, 'traceRetentionDays'),
        setting(variables.invocationRetentionDays, 'invocationRetentionDays'),
        { name: variables.dataDir, value: dataDir },
      ],
      // Who may read is the cluster's to say.
      usesApi: true,
      platformAuth: true,
      memory: { request: '512Mi', limit: '4Gi' },
      cpus: 4,
      // The embedded store is one process's.
      replicas: 1,
      // The spool needs it even where a ClickHouse server keeps the data.
      data: { claim: telemetryClaim, path: dataDir },
    });
    const same = (port: number): ServicePort => ({ port, targetPort: port });
    this.#addService('telemetry', {
      otlp: same(ports.otlpHttp),
      api: same(ports.telemetryApi),
      aggregated: { port: 443, targetPort: ports.aggregatedApi },
    });
    // The API server comes from a node's address, to both.
    openPorts(this, this.#settings, 'telemetry', {
      anyone: [ports.telemetryApi, ports.aggregatedApi, ports.health],
      platform: [ports.otlpHttp],
    });
  }

  #addClusterRole(role: PlatformRole, rules: readonly k8s.PolicyRule[]): void {
    const name = `clrk-${role}`;
    const metadata = { name, labels: { [labels.partOf]: 'clrk' } };
    new k8s.KubeClusterRole(this, `${role}-cluster-role`, { metadata, rules: [...rules] });
    new k8s.KubeClusterRoleBinding(this, `${role}-cluster-role-binding`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: this.#settings.namespace }],
    });
  }

  #addRole(role: PlatformRole, rules: readonly k8s.PolicyRule[]): void {
    const name = `clrk-${role}`;
    const metadata = metadataOf(this.#settings, name);
    new k8s.KubeRole(this, `${role}-role`, { metadata, rules: [...rules] });
    new k8s.KubeRoleBinding(this, `${role}-role-binding`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: this.#settings.namespace }],
    });
  }

  #addService(
    role: PlatformRole,
    servicePorts: Readonly<Record<string, ServicePort>>,
    extraLabels: Readonly<Record<string, string>> = {},
  ): void {
    const metadata = metadataOf(this.#settings, `clrk-${role}`);
    new k8s.KubeService(this, `${role}-service`, {
      metadata: { ...metadata, labels: { ...metadata.labels, ...extraLabels } },
      spec: {
        type: 'ClusterIP',
        selector: selectorOf(role),
        ports: Object.entries(servicePorts).map(([name, { port, targetPort }]) => ({
          name,
          port,
          targetPort: k8s.IntOrString.fromNumber(targetPort),
          protocol: 'TCP',
        })),
      },
    });
  }

  #addAggregatedRoles(): void {
    const to = (...roles: string[]): Record<string, string> =>
      Object.fromEntries(roles.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, 'true']));
    const add = (name: string, roles: Record<string, string>, rules: readonly k8s.PolicyRule[]): void => {
      const metadata = { name, labels: { [labels.partOf]: 'clrk', ...roles } };
      new k8s.KubeClusterRole(this, name, { metadata, rules: [...rules] });
    };
    add('clrk-view', to('view', 'edit', 'admin'), viewRules);
    add('clrk-edit', to('edit', 'admin'), editRules);
    add('clrk-worker-admin', {}, workerAdminRules);
    add('clrk-approver', {}, approverRules);
    addDeciderPolicy(this);
  }
}

interface ServicePort {
  readonly port: number;
  readonly targetPort: number;
}
