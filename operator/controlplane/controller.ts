/**
 * What the control plane makes for itself: the configuration of NATS and ClickHouse (Secrets clrk-nats-config,
 * clrk-clickhouse-config) and its own PKI, one CA (Secret clrk-control-plane-ca) and the client certificate the ingress
 * shows to workers. It makes them once, renews the leaf before it expires, and never replaces a CA that can be read.
 */
import { platformAuthSecret } from '../../contract/index.ts';
import { createCa, issueLeaf } from '../../pki/index.ts';
import { certificateState, leafTtlMs } from '../certificate.ts';
import { label, secretText, systemName } from '../compile/index.ts';
import type { Context, ControllerSpec } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import { clickhouseConfig } from './clickhouse.ts';
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
  for (const config of servers) await applyServerConfig(context, config);
  const ca = controlPlaneCa(context);
  if (ca === undefined) {
    await makeCa(context);
    return { requeueAfterMs: retryMs };
  }
  const { systemNamespace: namespace } = context.settings();
  const observed = context.world.get(kinds.secret, namespace, systemName.ingressClient);
  const state = certificateState(secretText(observed, 'tls.crt'), ca.certificatePem, context.now());
  if (!state.needsIssue) return { requeueAfterMs: Math.max(retryMs, state.renewAt - context.now()) };
  const leaf = issueLeaf({
    ca,
    commonName: 'clrk-ingress',
    dnsNames: ['ingress.clrk.internal'],
    ips: [],
    ttlMs: leafTtlMs,
    usage: 'client',
  });
  const data = { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem, 'ca.crt': ca.certificatePem };
  const metadata = { namespace, name: systemName.ingressClient, labels: pkiLabels() };
  await writeRandomSecret(context, { metadata, type: 'kubernetes.io/tls', data }, observed);
  context.log.info({ secret: systemName.ingressClient }, 'ingress certificate issued');
  return { requeueAfterMs: retryMs };
}

async function makeCa(context: Context): Promise<void> {
  const { systemNamespace: namespace } = context.settings();
  const ca = createCa({ commonName: 'clrk-control-plane', years: caYears });
  const observed = context.world.get(kinds.secret, namespace, systemName.controlPlaneCa);
  const data = { 'tls.crt': ca.certificatePem, 'tls.key': ca.privateKeyPem };
  const metadata = { namespace, name: systemName.controlPlaneCa, labels: pkiLabels() };
  const written = await writeRandomSecret(context, { metadata, type: 'kubernetes.io/tls', data }, observed);
  if (written) context.log.info({ secret: systemName.controlPlaneCa }, 'control-plane CA created');
}

function pkiLabels(): Record<string, string> {
  return { ...managedLabels('control-plane'), [label.controlPlanePki]: 'true' };
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
          platformAuthSecret,
          ...servers.map(({ name: config }) => config),
        ];
        return ours.includes(name) ? [controlPlaneKey] : [];
      },
    },
  ],
};
