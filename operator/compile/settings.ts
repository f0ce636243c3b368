/**
 * What the installation as a whole tells the compiler: where NATS and OTLP are, each role's own credentials, the
 * addresses no agent may reach. Never logged: it holds passwords.
 */
import type { PlatformEndpoints } from '../../contract/index.ts';

export type DataPlaneRole = 'ingress' | 'worker' | 'egress';

export interface PlatformSettings {
  readonly natsUrl: string;
  /** By role name, as in the Secret clrk-platform-auth. */
  readonly natsPasswords: Readonly<Record<DataPlaneRole, string>>;
  readonly otlpTokens: Readonly<Record<DataPlaneRole, string>>;
  /** Undefined: the ClusterIP of the telemetry Service is used. */
  readonly otlpEndpoint: string | undefined;
  readonly platformCidrs: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly platformImage: string;
  readonly systemNamespace: string;
}

export function platformEndpoints(
  settings: PlatformSettings,
  otlpEndpoint: string,
  role: DataPlaneRole,
): PlatformEndpoints {
  return {
    nats: { url: settings.natsUrl, user: role, password: settings.natsPasswords[role] },
    otlp: { endpoint: otlpEndpoint, token: settings.otlpTokens[role] },
  };
}
