/**
 * A server with a volume as Kubernetes objects: ServiceAccount, Service, StatefulSet of one pod and disruption budget. Apart
 * so that NATS and ClickHouse have one shape. It holds no credential: the server's configuration is a Secret.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { PlatformSettings } from './platform-settings.ts';
import { addDisruptionBudget, metadataOf, restrictedPod, selectorOf } from './platform-workload.ts';

export interface DatabaseProps {
  readonly part: 'nats' | 'clickhouse';
  readonly port: { readonly name: string; readonly port: number };
  /** Mounts the volumes `config` and `data`. */
  readonly container: k8s.Container;
  readonly configSecret: string;
  /** Besides `config` and `data`. */
  readonly volumes: readonly k8s.Volume[];
  readonly storage: string;
  readonly terminationGraceSeconds: number;
}

function podOf(name: string, props: DatabaseProps): k8s.PodSpec {
  return {
    serviceAccountName: name,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: props.terminationGraceSeconds,
    securityContext: restrictedPod,
    containers: [props.container],
    volumes: [
      { name: 'config', secret: { secretName: props.configSecret, defaultMode: 0o440 } },
      ...props.volumes,
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
    metadata,
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
            resources: { requests: { storage: k8s.Quantity.fromString(props.storage) } },
            ...(settings.storageClass === undefined ? {} : { storageClassName: settings.storageClass }),
          },
        },
      ],
    },
  });
  addDisruptionBudget(scope, settings, part);
}
