/**
 * NATS for events, counters and status: one server with JetStream on a volume. Its configuration, with every role's
 * password and rights, is a Secret the operator makes: this file never sees one.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import type { PlatformSettings } from './platform-settings.ts';
import {
  addDisruptionBudget,
  metadataOf,
  resourcesOf,
  restrictedContainer,
  restrictedPod,
  selectorOf,
} from './platform-workload.ts';
import { natsConfigKey, natsConfigSecret, natsStoreDir, ports } from './system-names.ts';

const name = 'clrk-nats';
const configDir = '/etc/clrk/nats';
// Its limit for files is 4 GiB (contract/nats-config.ts).
const storage = '8Gi';
// Lame-duck mode lets clients go elsewhere and closes the files; ours has no elsewhere, and half a minute is ample.
const terminationGraceSeconds = 30;

export function natsUrlOf(settings: PlatformSettings): string {
  return settings.natsUrl ?? `nats://${name}.${settings.namespace}.svc:${ports.nats}`;
}

function probe(periodSeconds: number, failureThreshold: number): k8s.Probe {
  return {
    // A TCP probe: the server listens only after JetStream has recovered, and its monitoring port asks for no password.
    tcpSocket: { port: k8s.IntOrString.fromNumber(ports.nats) },
    periodSeconds,
    failureThreshold,
    timeoutSeconds: 2,
  };
}

function container(settings: PlatformSettings): k8s.Container {
  return {
    name: 'nats',
    image: settings.natsImage,
    imagePullPolicy: 'IfNotPresent',
    args: ['--config', `${configDir}/${natsConfigKey}`],
    ports: [{ name: 'client', containerPort: ports.nats, protocol: 'TCP' }],
    startupProbe: probe(2, 60),
    readinessProbe: probe(5, 3),
    livenessProbe: probe(10, 6),
    resources: resourcesOf({ request: '128Mi', limit: '512Mi' }),
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: 'config', mountPath: configDir, readOnly: true },
      { name: 'data', mountPath: natsStoreDir },
    ],
  };
}

export function addNats(scope: Construct, settings: PlatformSettings): void {
  const metadata = metadataOf(settings, name);
  new k8s.KubeServiceAccount(scope, 'nats-account', { metadata, automountServiceAccountToken: false });
  new k8s.KubeService(scope, 'nats-service', {
    metadata,
    spec: {
      selector: selectorOf('nats'),
      ports: [{ name: 'client', port: ports.nats, protocol: 'TCP' }],
    },
  });
  new k8s.KubeStatefulSet(scope, 'nats-set', {
    metadata,
    spec: {
      serviceName: name,
      replicas: 1,
      selector: { matchLabels: selectorOf('nats') },
      template: {
        metadata: { labels: { ...metadata.labels } },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: terminationGraceSeconds,
          securityContext: restrictedPod,
          containers: [container(settings)],
          volumes: [{ name: 'config', secret: { secretName: natsConfigSecret, defaultMode: 0o440 } }],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            resources: { requests: { storage: k8s.Quantity.fromString(storage) } },
            ...(settings.storageClass === undefined ? {} : { storageClassName: settings.storageClass }),
          },
        },
      ],
    },
  });
  addDisruptionBudget(scope, settings, 'nats');
}
