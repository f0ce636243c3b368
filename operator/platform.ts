/** Platform facts that controllers look up in the world rather than in settings. */
import { ports, type PlatformEndpoints, type PlatformIdentity } from '../contract/index.ts';
import { systemName, secretText } from './compile/index.ts';
import type { Context } from './context.ts';
import { kinds } from './kind.ts';

type Facts = Pick<Context, 'world' | 'settings'>;

/** The telemetry Service's address, once it has one. */
export function telemetryIp({ world, settings }: Facts): string | undefined {
  const service = world.get(kinds.service, settings().systemNamespace, systemName.telemetryService);
  const ip = service?.spec?.clusterIP;
  return ip === undefined || ip === '' || ip === 'None' ? undefined : ip;
}

/**
 * Where somebody reports and as whom; undefined until there is a CA to trust. OTLP goes where it is configured to, else to the
 * telemetry Service's ClusterIP, else to its DNS name.
 */
export function endpointsFor(facts: Facts, identity: PlatformIdentity): PlatformEndpoints | undefined {
  const { natsUrl, keys, otlpEndpoint, systemNamespace } = facts.settings();
  const ca = controlPlaneCa(facts);
  if (ca === undefined) return undefined;
  const host = telemetryIp(facts) ?? `${systemName.telemetryService}.${systemNamespace}.svc`;
  return {
    caPem: ca.certificatePem,
    nats: { url: natsUrl, ...keys.natsUser(identity) },
    otlp: {
      endpoint: otlpEndpoint ?? `https://${host}:${ports.otlpHttp}`,
      token: keys.otlpToken(identity),
    },
  };
}

/** The control-plane CA, or undefined until its controller made it. */
export function controlPlaneCa({
  world,
  settings,
}: Facts): { readonly certificatePem: string; readonly privateKeyPem: string } | undefined {
  const { systemNamespace } = settings();
  const secret = world.get(kinds.secret, systemNamespace, systemName.controlPlaneCa);
  const certificatePem = secretText(secret, 'tls.crt');
  const privateKeyPem = secretText(secret, 'tls.key');
  return certificatePem && privateKeyPem ? { certificatePem, privateKeyPem } : undefined;
}
