/** Certificates of the platform's own processes, each in a Secret of its own beside `ca.crt`, which they trust others by. */
import { ingressUri } from '../../contract/index.ts';
import type { CertificateAndKey } from '../../pki/index.ts';
import { currentLeaf, type LeafWish } from '../certificate.ts';
import { label, secretText, systemName } from '../compile/index.ts';
import type { Context } from '../context.ts';
import { kinds } from '../kind.ts';
import { managedLabels } from '../owner.ts';
import { telemetryIp } from '../platform.ts';
import { writeRandomSecret } from '../random-secret.ts';

/** What the ingress shows workers. The time to look again. */
export async function ensureIngressClient(context: Context, ca: CertificateAndKey): Promise<number> {
  return await ensureLeaf(context, ca, systemName.ingressClient, {
    commonName: 'clrk-ingress',
    dnsNames: ['ingress.clrk.internal'],
    ips: [],
    uris: [ingressUri],
    usage: 'client',
  });
}

/** What telemetry shows everyone, by the names of its Service and by its address. */
export async function ensureTelemetryServer(context: Context, ca: CertificateAndKey): Promise<number> {
  const { systemNamespace } = context.settings();
  const ip = telemetryIp(context);
  return await ensureLeaf(context, ca, systemName.telemetryTls, {
    commonName: 'clrk-telemetry',
    dnsNames: serviceNames(systemName.telemetryService, systemNamespace),
    ips: ip === undefined ? [] : [ip],
    usage: 'server',
  });
}

export function serviceNames(service: string, namespace: string): readonly string[] {
  return [service, `${service}.${namespace}.svc`, `${service}.${namespace}.svc.cluster.local`];
}

async function ensureLeaf(
  context: Context,
  ca: CertificateAndKey,
  name: string,
  wish: LeafWish,
): Promise<number> {
  const { systemNamespace: namespace } = context.settings();
  const observed = context.world.get(kinds.secret, namespace, name);
  const pair = {
    certificatePem: secretText(observed, 'tls.crt'),
    privateKeyPem: secretText(observed, 'tls.key'),
  };
  const leaf = currentLeaf(ca, wish, pair, context.now());
  if (!leaf.isNew) return leaf.renewAt;
  const data = { 'tls.crt': leaf.certificatePem, 'tls.key': leaf.privateKeyPem, 'ca.crt': ca.certificatePem };
  const labels = { ...managedLabels('control-plane'), [label.controlPlanePki]: 'true' };
  const metadata = { namespace, name, labels };
  await writeRandomSecret(context, { metadata, type: 'kubernetes.io/tls', data }, observed);
  context.log.info({ secret: name }, 'certificate issued');
  // The watch brings what was written; if another writer was faster, its word.
  return context.now();
}
