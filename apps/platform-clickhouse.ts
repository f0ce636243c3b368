/**
 * A ClickHouse server of the installation's own, for those who have none and more to keep than the embedded engine should
 * hold. Off unless asked for. Its configuration, with telemetry's user, is a Secret the operator makes.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { addDatabase } from './platform-database.ts';
import type { PlatformSettings } from './platform-settings.ts';
import { clickhouseConfigDir, clickhouseConfigSecret, clickhouseStoreDir, ports } from './system-names.ts';

export function clickhouseUrlOf(settings: PlatformSettings): string | undefined {
  if (!settings.installClickhouse) return settings.clickhouseUrl;
  return `http://clrk-clickhouse.${settings.namespace}.svc:${ports.clickhouse}`;
}

export function addClickhouse(scope: Construct, settings: PlatformSettings): void {
  addDatabase(scope, settings, {
    part: 'clickhouse',
    image: settings.clickhouseImage,
    // Not the image's entrypoint: that writes users of its own below /etc.
    command: ['clickhouse', 'server', `--config-file=${clickhouseConfigDir}/config.xml`],
    port: { name: 'http', port: ports.clickhouse },
    probe: {
      httpGet: { path: '/ping', port: k8s.IntOrString.fromNumber(ports.clickhouse) },
      timeoutSeconds: 5,
    },
    memory: { request: '1Gi', limit: '4Gi' },
    cpus: 8,
    config: { secret: clickhouseConfigSecret, path: clickhouseConfigDir },
    data: { size: '50Gi', path: clickhouseStoreDir },
    needsTmp: true,
    // It writes what is in memory to disk; the publisher's own limit is two minutes.
    terminationGraceSeconds: 120,
  });
}
