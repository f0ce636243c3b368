/**
 * NATS for events, counters and status: one server with JetStream on a volume. Its configuration, with whom
 * it believes and its own certificate, is a Secret the operator makes: this file never sees one.
 */
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { addDatabase } from './platform-database.ts';
import type { PlatformSettings } from './platform-settings.ts';
import { natsConfigDir, natsConfigKey, natsConfigSecret, natsStoreDir, ports } from './system-names.ts';

export function natsUrlOf(settings: PlatformSettings): string {
  return settings.natsUrl ?? `tls://clrk-nats.${settings.namespace}.svc:${ports.nats}`;
}

export function addNats(scope: Construct, settings: PlatformSettings): void {
  addDatabase(scope, settings, {
    part: 'nats',
    image: settings.natsImage,
    args: ['--config', `${natsConfigDir}/${natsConfigKey}`],
    port: { name: 'client', port: ports.nats },
    // By TCP: the server listens only after JetStream has recovered, and its monitoring port asks for no password.
    probe: { tcpSocket: { port: k8s.IntOrString.fromNumber(ports.nats) }, timeoutSeconds: 2 },
    memory: { request: '128Mi', limit: '512Mi' },
    cpus: 2,
    config: { secret: natsConfigSecret, path: natsConfigDir },
    // Its limit for files is 4 GiB (contract/nats-config.ts).
    data: { size: '8Gi', path: natsStoreDir },
    // Lame-duck mode lets clients go elsewhere and closes the files; ours has no elsewhere, and half a minute is ample.
    terminationGraceSeconds: 30,
  });
}
