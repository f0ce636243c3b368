/**
 * A ClickHouse server of the installation's own, for those who have none and more to keep than the embedded engine should
 * hold. Off unless asked for. Its configuration, with telemetry's user, is a Secret the operator makes.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { addDatabase } from './platform-database.ts';
import type { PlatformSettings } from './platform-settings.ts';
import { resourcesOf, restrictedContainer } from './platform-workload.ts';
import { clickhouseConfigDir, clickhouseConfigSecret, clickhouseStoreDir, ports } from './system-names.ts';

const storage = '50Gi';
// It writes what is in memory to disk; the publisher's own limit is two minutes.
const terminationGraceSeconds = 120;

export function clickhouseUrlOf(settings: PlatformSettings): string | undefined {
  if (!settings.installClickhouse) return settings.clickhouseUrl;
  return `http://clrk-clickhouse.${settings.namespace}.svc:${ports.clickhouse}`;
}

function probe(periodSeconds: number, failureThreshold: number): k8s.Probe {
  return {
    // Asks for no password.
    httpGet: { path: '/ping', port: k8s.IntOrString.fromNumber(ports.clickhouse) },
    periodSeconds,
    failureThreshold,
    timeoutSeconds: 5,
  };
}

function container(settings: PlatformSettings): k8s.Container {
  return {
    name: 'clickhouse',
    image: settings.clickhouseImage,
    imagePullPolicy: 'IfNotPresent',
    // Not the image's entrypoint: that writes users of its own below /etc.
    command: ['clickhouse', 'server', `--config-file=${clickhouseConfigDir}/config.xml`],
    ports: [{ name: 'http', containerPort: ports.clickhouse, protocol: 'TCP' }],
    startupProbe: probe(2, 60),
    readinessProbe: probe(5, 3),
    livenessProbe: probe(10, 6),
    resources: resourcesOf({ request: '1Gi', limit: '4Gi' }),
    securityContext: restrictedContainer,
    volumeMounts: [
      { name: 'config', mountPath: clickhouseConfigDir, readOnly: true },
      { name: 'data', mountPath: clickhouseStoreDir },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  };
}

export function addClickhouse(scope: Construct, settings: PlatformSettings): void {
  addDatabase(scope, settings, {
    part: 'clickhouse',
    port: { name: 'http', port: ports.clickhouse },
    container: container(settings),
    configSecret: clickhouseConfigSecret,
    volumes: [{ name: 'tmp', emptyDir: {} }],
    storage,
    terminationGraceSeconds,
  });
}
