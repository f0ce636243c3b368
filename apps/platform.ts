/**
 * What to install: namespace, rights, the three platform processes, their Services and network policies. The Secret and
 * ConfigMap with this installation's credentials and addresses come from the installer, never from git.
 */
import { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import {
  editRules,
  ingressSystemRules,
  operatorClusterRules,
  operatorSystemRules,
  viewRules,
} from './platform-rules.ts';
import { addWorkload, metadataOf, selectorOf, setting, type PlatformRole } from './platform-workload.ts';
import {
  ingressConfigSecret,
  labels,
  platformImage,
  ports,
  systemNamespace,
  variables,
} from './system-names.ts';

const dataDir = '/var/lib/clrk/telemetry';
const telemetryClaim = 'clrk-telemetry';

export class PlatformChart extends Chart {
  constructor(scope: Construct, id: string) {
    super(scope, id, { disableResourceNameHashes: true });
    new k8s.KubeNamespace(this, 'namespace', {
      metadata: {
        name: systemNamespace,
        labels: { [labels.partOf]: 'clrk', 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    });
    this.#addOperator();
    this.#addIngress();
    this.#addTelemetry();
    this.#addAggregatedRoles();
    new k8s.KubeNetworkPolicy(this, 'default-deny', {
      metadata: metadataOf('clrk-default-deny'),
      spec: { podSelector: { matchLabels: { [labels.partOf]: 'clrk' } }, policyTypes: ['Ingress'] },
    });
  }

  #addOperator(): void {
    addWorkload(this, {
      role: 'operator',
      ports: {},
      env: [
        setting(variables.natsUrl, 'natsUrl'),
        setting(variables.platformCidrs, 'platformCidrs'),
        setting(variables.insecureRegistries, 'insecureRegistries'),
        { name: variables.platformImage, value: platformImage },
      ],
      platformAuth: true,
      memory: { request: '256Mi', limit: '1Gi' },
    });
    this.#addClusterRole('operator', operatorClusterRules);
    this.#addRole('operator', operatorSystemRules);
    this.#openPorts('operator', [ports.health]);
  }

  #addIngress(): void {
    addWorkload(this, {
      role: 'ingress',
      ports: { http: ports.ingressHttp },
      env: [{ name: variables.configSecret, value: ingressConfigSecret }],
      platformAuth: false,
      memory: { request: '128Mi', limit: '512Mi' },
    });
    this.#addRole('ingress', ingressSystemRules);
    this.#addService(
      'ingress',
      { http: { port: 80, targetPort: ports.ingressHttp } },
      { [labels.expose]: 'true' },
    );
    this.#openPorts('ingress', [ports.ingressHttp, ports.health]);
  }

  #addTelemetry(): void {
    new k8s.KubePersistentVolumeClaim(this, 'telemetry-claim', {
      metadata: metadataOf(telemetryClaim),
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: k8s.Quantity.fromString('20Gi') } },
      },
    });
    addWorkload(this, {
      role: 'telemetry',
      ports: { otlp: ports.otlpHttp, api: ports.telemetryApi },
      env: [setting(variables.natsUrl, 'natsUrl'), { name: variables.dataDir, value: dataDir }],
      platformAuth: true,
      memory: { request: '512Mi', limit: '4Gi' },
      data: { claim: telemetryClaim, path: dataDir },
    });
    const same = (port: number): ServicePort => ({ port, targetPort: port });
    this.#addService('telemetry', { otlp: same(ports.otlpHttp), api: same(ports.telemetryApi) });
    this.#openPorts('telemetry', [ports.otlpHttp, ports.telemetryApi, ports.health]);
  }

  #addClusterRole(role: PlatformRole, rules: readonly k8s.PolicyRule[]): void {
    const name = `clrk-${role}`;
    const metadata = { name, labels: { [labels.partOf]: 'clrk' } };
    new k8s.KubeClusterRole(this, `${role}-cluster-role`, { metadata, rules: [...rules] });
    new k8s.KubeClusterRoleBinding(this, `${role}-cluster-role-binding`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: systemNamespace }],
    });
  }

  #addRole(role: PlatformRole, rules: readonly k8s.PolicyRule[]): void {
    const name = `clrk-${role}`;
    const metadata = metadataOf(name);
    new k8s.KubeRole(this, `${role}-role`, { metadata, rules: [...rules] });
    new k8s.KubeRoleBinding(this, `${role}-role-binding`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: systemNamespace }],
    });
  }

  #addService(
    role: PlatformRole,
    servicePorts: Readonly<Record<string, ServicePort>>,
    extraLabels: Readonly<Record<string, string>> = {},
  ): void {
    const metadata = metadataOf(`clrk-${role}`);
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

  /** The hole in the default deny: this role's own ports, for anyone in the cluster. */
  #openPorts(role: PlatformRole, open: readonly number[]): void {
    new k8s.KubeNetworkPolicy(this, `${role}-network-policy`, {
      metadata: metadataOf(`clrk-${role}`),
      spec: {
        podSelector: { matchLabels: selectorOf(role) },
        policyTypes: ['Ingress'],
        ingress: [
          { ports: open.map((port) => ({ port: k8s.IntOrString.fromNumber(port), protocol: 'TCP' })) },
        ],
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
  }
}

interface ServicePort {
  readonly port: number;
  readonly targetPort: number;
}
