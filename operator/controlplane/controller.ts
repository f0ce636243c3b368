/**
 * What the control plane makes for itself: one CA (Secret clrk-control-plane-ca), the certificates of its own processes, and
 * the configuration of NATS and ClickHouse. It makes them once, renews leaves before they expire, and never replaces a CA
 * that can be read.
 */
import { platformAuthSecret } from '../../contract/index.ts';
import { createCa } from '../../pki/index.ts';
import { label, systemName } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import { apiServices, trustTelemetry } from './api-service.ts';
import { clickhouseConfig } from './clickhouse.ts';
import { ensureIngressClient, ensureTelemetryServer } from './leaf.ts';
import { natsConfig } from './nats.ts';
import { applyServerConfig } from './server-config.ts';
import { controlPlaneCa } from '../platform.ts';
import { writeRandomSecret } from '../random-secret.ts';
import type { ReconcileResult } from '../runtime/index.ts';

export const controlPlaneKey = 'control-plane/pki';
const caYears = 10;
const retryMs = 500;
const servers = [natsConfig, clickhouseConfig];

async function reconcile(context: Context): Promise<ReconcileResult> {
  const ca = controlPlaneCa(context);
  if (ca === undefined) {
    await makeCa(context);
    return { requeueAfterMs: retryMs };
  }
  for (const config of servers) await applyServerConfig(context, config, ca);
  await trustTelemetry(context, ca);
  const renewals = [await ensureIngressClient(context, ca), await ensureTelemetryServer(context, ca)];
  return { requeueAfterMs: Math.max(retryMs, Math.min(...renewals) - context.now()) };
}

async function makeCa(context: Context): Promise<void> {
  const { systemNamespace: namespace } = context.settings();
  const ca = createCa({ commonName: 'clrk-control-plane', years: caYears });
  const observed = context.world.get(kinds.secret, namespace, systemName.controlPlaneCa);
  const data = { 'tls.crt': ca.certificatePem, 'tls.key': ca.privateKeyPem };
  const labels = { ...managedLabels('control-plane'), [label.controlPlanePki]: 'true' };
  const metadata = { namespace, name: systemName.controlPlaneCa, labels };
  const written = await writeRandomSecret(context, { metadata, type: 'kubernetes.io/tls', data }, observed);
  if (written) context.log.info({ secret: systemName.controlPlaneCa }, 'control-plane CA created');
}

export const controlPlaneController: ControllerSpec = {
  name: 'controlplane',
  concurrency: 1,
  reconcile,
  watches: [
    {
      resource: kinds.secret,
      keysOf: (_world, { before, after }) => {
        const name = (after ?? before)?.metadata?.name;
        const ours: readonly (string | undefined)[] = [
          systemName.controlPlaneCa,
          systemName.ingressClient,
          systemName.telemetryTls,
          platformAuthSecret,
          ...servers.map(({ name: config }) => config),
        ];
        return ours.includes(name) ? [controlPlaneKey] : [];
      },
    },
    {
      resource: kinds.service,
      keysOf: (_world, { before, after }) =>
        (after ?? before)?.metadata?.name === systemName.telemetryService ? [controlPlaneKey] : [],
    },
    {
      resource: kinds.apiService,
      keysOf: (_world, { before, after }) =>
        apiServices.includes((after ?? before)?.metadata?.name ?? '') ? [controlPlaneKey] : [],
    },
  ],
};
