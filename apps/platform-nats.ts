/**
 * NATS for events, counters and status: one server with JetStream on a volume. Its configuration, with every role's
 * password and rights, is a Secret the operator makes: this file never sees one.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { addDatabase } from './platform-database.ts';
import type { PlatformSettings } from './platform-settings.ts';
import { resourcesOf, restrictedContainer } from './platform-workload.ts';
import { natsConfigKey, natsConfigSecret, natsStoreDir, ports } from './system-names.ts';

const configDir = '/etc/clrk/nats';
// Its limit for files is 4 GiB (contract/nats-config.ts).
const storage = '8Gi';
// Lame-duck mode lets clients go elsewhere and closes the files; ours has no elsewhere, and half a minute is ample.
const terminationGraceSeconds = 30;

export function natsUrlOf(settings: PlatformSettings): string {
  return settings.natsUrl ?? `nats://clrk-nats.${settings.namespace}.svc:${ports.nats}`;
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
  addDatabase(scope, settings, {
    part: 'nats',
    port: { name: 'client', port: ports.nats },
    container: container(settings),
    configSecret: natsConfigSecret,
    volumes: [],
    storage,
    terminationGraceSeconds,
  });
}
