/**
 * What the installation as a whole tells the compiler: where NATS and OTLP are, the keys identities are derived from, the
 * addresses no agent may reach. Never logged.
 */
import type { PlatformKeys } from '../../pki/index.ts';

export interface PlatformSettings {
  /** `tls://` or, where somebody else guards the network, `nats://`. */
  readonly natsUrl: string;
  readonly keys: PlatformKeys;
  /** Undefined: the ClusterIP of the telemetry Service is used. */
  readonly otlpEndpoint: string | undefined;
  readonly platformCidrs: readonly string[];
  readonly insecureRegistries: readonly string[];
  readonly platformImage: string;
  readonly systemNamespace: string;
}
