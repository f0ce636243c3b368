/** What can be said of an EgressGateway where it is made. Apart from the gateway: types only, and many. */
import type { AutoscaleOptions } from './autoscaler.ts';
import type { Duration } from 'cdk8s';
import type { ResourceProps } from './custom-resource.ts';
import type { EgressListener } from './egress-listener.ts';
import type { BodyCapture, OtlpExport } from './egress-telemetry.ts';
import type { RoutesFrom } from './routes-from.ts';

/** An address the gateway uses for names. */
export interface HostAlias {
  /** The address. */
  readonly ip: string;
  /** The names. */
  readonly hostnames: readonly string[];
}

/** What the gateway's container reserves and may use: Kubernetes quantities. */
export interface GatewayResources {
  /**
   * What is reserved.
   *
   * @default the limits; without any 100m CPU and 192Mi memory
   */
  readonly requests?: { readonly cpu?: string; readonly memory?: string };
  /**
   * The most it may use. One process serves for each whole CPU of `cpu`.
   *
   * @default unlimited CPU with one process; 1Gi memory a process, unlimited where `requests` speaks of memory
   */
  readonly limits?: { readonly cpu?: string; readonly memory?: string };
}

/** Properties of an EgressGateway. */
export interface EgressGatewayProps extends ResourceProps {
  /**
   * What happens to traffic no route names.
   *
   * @default deny-all
   */
  readonly defaultPolicy?: 'deny-all' | 'allow-all';
  /**
   * Audit: what no route opens passes, without a credential, and is recorded as what would be denied.
   *
   * @default Enforce
   */
  readonly enforcement?: 'Enforce' | 'Audit';
  /**
   * Ask: a call to a destination no route opens waits for a person (`clrk approvals`), and carries no credential.
   *
   * @default Deny
   */
  readonly onUnlisted?: 'Deny' | 'Ask';
  /**
   * The traffic it takes; more with addListener.
   *
   * @default one that takes every port and inspects TLS and HTTP
   */
  readonly listeners?: readonly EgressListener[];
  /**
   * Namespaces whose routes may attach, for listeners that do not say; more with allowRoutesFrom.
   *
   * @default its own
   */
  readonly routesFrom?: RoutesFrom;
  /**
   * Secret with certificates that are trusted besides the system's.
   *
   * @default the system's only
   */
  readonly additionalTrustBundle?: { readonly name: string };
  /**
   * Addresses the gateway uses for names instead of asking DNS.
   *
   * @default none
   */
  readonly hostAliases?: readonly HostAlias[];
  /**
   * How long one request may take.
   *
   * @default 5 minutes
   */
  readonly requestTimeout?: Duration;
  /**
   * Which addresses of upstream names are used.
   *
   * @default V4Preferred
   */
  readonly lookupFamily?: 'V4Preferred' | 'V4Only' | 'V6Only' | 'Auto' | 'All';
  /**
   * A copy of the telemetry for your own receiver.
   *
   * @default none
   */
  readonly otlp?: OtlpExport;
  /**
   * Of the gateway's container. `{ limits: { cpu: '4' } }` has four processes serve behind its one address.
   *
   * @default one process, 100m CPU and 192Mi memory reserved, 1Gi memory at most
   */
  readonly resources?: GatewayResources;
  /**
   * Its pods. Budgets and limits are counted over all of them; connections and bodies under way are bounded in each.
   *
   * @default 1
   */
  readonly replicas?: number;
  /**
   * Has a HorizontalPodAutoscaler set how many pods it has, by the CPU they use of what `resources` request. The cluster needs a
   * metrics server.
   *
   * @example
   * ```ts
   * const cpu = { requests: { cpu: '1' }, limits: { cpu: '1' } };
   * new EgressGateway(chart, 'busy', { resources: cpu, autoscale: { min: 2, max: 8 } });
   * ```
   * @default none
   */
  readonly autoscale?: AutoscaleOptions;
  /**
   * What is kept of bodies.
   *
   * @default 64 KiB of JSON, NDJSON and event streams
   */
  readonly captureBody?: BodyCapture;
}
