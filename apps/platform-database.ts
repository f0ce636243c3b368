/**
 * A server with a volume as Kubernetes objects: ServiceAccount, Service, StatefulSet of one pod and disruption budget. Apart
 * so that NATS and ClickHouse have one shape. It holds no credential: the server's configuration is a Secret.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { PlatformSettings } from './platform-settings.ts';
import {
  acceptedFindings,
  addDisruptionBudget,
  metadataOf,
  resourcesOf,
  restrictedContainer,
  restrictedPod,
  selectorOf,
  type Bounds,
} from './platform-workload.ts';

export interface DatabaseProps {
  readonly part: 'nats' | 'clickhouse';
  readonly image: string;
  readonly command?: string[];
  readonly args?: string[];
  readonly port: { readonly name: string; readonly port: number };
  /** How to ask whether it serves; it must need no password. */
  readonly probe: Pick<k8s.Probe, 'tcpSocket' | 'httpGet' | 'timeoutSeconds'>;
  readonly memory: Bounds;
  readonly cpus: number;
  readonly config: { readonly secret: string; readonly path: string };
  readonly data: { readonly size: string; readonly path: string };
  /** An empty /tmp: the root file system is read-only. */
  readonly needsTmp?: boolean;
  readonly terminationGraceSeconds: number;
}

function containerOf(props: DatabaseProps): k8s.Container {
  const { part, image, command, args, port, probe } = props;
  const ask = (periodSeconds: number, failureThreshold: number): k8s.Probe => ({
    ...probe,
    periodSeconds,
    failureThreshold,
  });
  return {
    name: part,
    image,
    imagePullPolicy: 'IfNotPresent',
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ports: [{ name: port.name, containerPort: port.port, protocol: 'TCP' }],
    // Recovery of what is on disk may take two minutes.
    startupProbe: ask(2, 60),
    // No liveness probe: a server that answers late is loaded, and killing it would end everybody's work to begin with
    // recovery once more. One that crashed is started again without a probe.
    readinessProbe: ask(5, 3),
    resources: resourcesOf(props.memory, props.cpus),
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: 'config', mountPath: props.config.path, readOnly: true },
      { name: 'data', mountPath: props.data.path },
      ...(props.needsTmp === true ? [{ name: 'tmp', mountPath: '/tmp' }] : []),
    ],
  };
}

function podOf(name: string, props: DatabaseProps): k8s.PodSpec {
  return {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: props.terminationGraceSeconds,
    securityContext: restrictedPod,
    containers: [containerOf(props)],
    volumes: [
      { name: 'config', secret: { secretName: props.config.secret, defaultMode: 0o440 } },
      ...(props.needsTmp === true ? [{ name: 'tmp', emptyDir: {} }] : []),
    ],
  };
}

export function addDatabase(scope: Construct, settings: PlatformSettings, props: DatabaseProps): void {
  const { part, port } = props;
  const name = `clrk-${part}`;
  const metadata = metadataOf(settings, name);
  new k8s.KubeServiceAccount(scope, `${part}-account`, { metadata, automountServiceAccountToken: false });
  new k8s.KubeService(scope, `${part}-service`, {
    metadata,
    spec: { selector: selectorOf(part), ports: [{ ...port, protocol: 'TCP' }] },
  });
  new k8s.KubeStatefulSet(scope, `${part}-set`, {
    metadata: { ...metadata, annotations: acceptedFindings(part) },
    spec: {
      serviceName: name,
      replicas: 1,
      selector: { matchLabels: selectorOf(part) },
      template: { metadata: { labels: { ...metadata.labels } }, spec: podOf(name, props) },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: k8s.Quantity.fromString(props.data.size) } },
            ...(settings.storageClass === undefined ? {} : { storageClassName: settings.storageClass }),
          },
        },
      ],
    },
  });
  addDisruptionBudget(scope, settings, part);
}
