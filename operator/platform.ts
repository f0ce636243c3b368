/** Platform facts that controllers look up in the world rather than in settings. */
import { ports } from '../contract/index.ts';
import { platformEndpoints, systemName, secretText, type DataPlaneRole } from './compile/index.ts';
import type { PlatformEndpoints } from '../contract/index.ts';
import type { Context } from './context.ts';
import { kinds } from './kind.ts';

/** Where data planes send OTLP: as configured, else the telemetry Service's ClusterIP, else its DNS name. */
export function endpointsFor(context: Context, role: DataPlaneRole): PlatformEndpoints {
  const settings = context.settings();
  const service = context.world.get(kinds.service, settings.systemNamespace, systemName.telemetryService);
  const ip = service?.spec?.clusterIP;
  const usable = ip !== undefined && ip !== '' && ip !== 'None';
  const host = usable ? ip : `${systemName.telemetryService}.${settings.systemNamespace}.svc`;
  return platformEndpoints(settings, settings.otlpEndpoint ?? `http://${host}:${ports.otlpHttp}`, role);
}

/** The control-plane CA, or undefined until its controller made it. */
export function controlPlaneCa(
  context: Context,
): { readonly certificatePem: string; readonly privateKeyPem: string } | undefined {
  const { systemNamespace } = context.settings();
  const secret = context.world.get(kinds.secret, systemNamespace, systemName.controlPlaneCa);
  const certificatePem = secretText(secret, 'tls.crt');
  const privateKeyPem = secretText(secret, 'tls.key');
  return certificatePem && privateKeyPem ? { certificatePem, privateKeyPem } : undefined;
}
