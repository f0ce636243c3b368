/**
 * An EgressGateway: the only way out for the agents that name it. Closed until an `allow…` opens something; each opening
 * is a route object of its own that a reviewer sees in dist/.
 */
import type { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import type { EgressGatewaySpec } from '../api/index.ts';
import {
  AIProviderRoute,
  type AIProviderMatch,
  type Provider,
  type WeightedBackend,
} from './ai-provider-route.ts';
import type { ICredentialTarget } from './credential-injection-policy.ts';
import type { Credential } from './credential.ts';
import { CustomResource, present, refuse, type ResourceProps } from './custom-resource.ts';
import { EgressL4Route, type L4Match } from './egress-l4-route.ts';
import type { IEgressGateway } from './egress-route.ts';

export interface EgressListener {
  readonly name: string;
  readonly protocol: 'TCP' | 'TLS' | 'HTTP' | 'HTTPS';
  /** The destination port it takes. @default every port */
  readonly port?: number;
  /** For TLS: whether the gateway looks inside. @default Passthrough */
  readonly tls?: 'Passthrough' | 'Terminate';
}

export interface HostAlias {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

export interface EgressGatewayProps extends ResourceProps {
  /** What happens to traffic no route names. @default deny-all */
  readonly defaultPolicy?: 'deny-all' | 'allow-all';
  /** @default one that takes every port and inspects TLS and HTTP */
  readonly listeners?: readonly EgressListener[];
  /** Secret with certificates that are trusted besides the system's. */
  readonly additionalTrustBundle?: { readonly name: string };
  /** Addresses the gateway uses for names instead of asking DNS. */
  readonly hostAliases?: readonly HostAlias[];
  /** @default 5 minutes */
  readonly requestTimeout?: Duration;
  /** Which addresses of upstream names are used. @default V4Preferred */
  readonly lookupFamily?: 'V4Preferred' | 'V4Only' | 'V6Only' | 'Auto' | 'All';
  /** A copy of the telemetry for your own receiver. @default none */
  readonly otlp?: OtlpExport;
}

export interface OtlpExport {
  /** Base URL of an OTLP/HTTP receiver. */
  readonly endpoint: string;
  /** Sent with each export; they are in git, so never a secret. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface AllowProviderOptions extends Omit<AIProviderMatch, 'provider'> {
  readonly credential?: Credential;
  readonly backends?: readonly WeightedBackend[];
}

export type AllowOptions = Pick<L4Match, 'ports' | 'agents'>;

const everything: EgressListener = { name: 'all', protocol: 'TCP' };

export class EgressGateway extends CustomResource implements IEgressGateway, ICredentialTarget {
  readonly egressGateway = true;
  readonly credentialTargetKind = 'EgressGateway';
  readonly #props: EgressGatewayProps;
  readonly #listeners: EgressListener[] = [];
  readonly #providers = new Map<Provider, AIProviderRoute>();
  readonly #l4 = new Map<string, EgressL4Route>();

  /** A gateway that somebody else makes. */
  static fromName(name: string, namespace?: string): IEgressGateway {
    return { name, namespace, egressGateway: true };
  }

  constructor(scope: Construct, id: string, props: EgressGatewayProps = {}) {
    super(scope, id, 'EgressGateway', props);
    this.#props = props;
    for (const listener of props.listeners ?? []) this.addListener(listener);
    const endpoint = props.otlp?.endpoint;
    if (endpoint !== undefined && !/^https?:\/\/[^/\s]+\S*$/.test(endpoint)) {
      refuse(this, `otlp endpoint "${endpoint}" must be an http:// or https:// URL`);
    }
  }

  addListener(listener: EgressListener): void {
    if (this.#listeners.some(({ name }) => name === listener.name)) {
      refuse(this, `has a listener "${listener.name}" already`);
    }
    if (listener.tls !== undefined && listener.protocol !== 'TLS') {
      refuse(this, `listener "${listener.name}": tls is for protocol TLS, not ${listener.protocol}`);
    }
    this.#listeners.push(listener);
  }

  /** Opens a provider's own hosts (or its backends) for these models; called again it adds a rule. */
  allowProvider(provider: Provider, options: AllowProviderOptions = {}): AIProviderRoute {
    const { credential, backends, models, endpoints } = options;
    const route = this.#providers.get(provider) ?? this.#addProviderRoute(provider);
    const match: AIProviderMatch = { provider, ...present({ models, endpoints }) };
    route.addRule({ matches: [match], ...present({ backends }) });
    if (credential !== undefined) route.addCredential(credential);
    return route;
  }

  /** Opens names. @default ports 443 */
  allowHosts(hosts: readonly string[], { ports = [443], agents }: AllowOptions = {}): EgressL4Route {
    return this.#allow('hosts', { hosts, ports, ...present({ agents }) });
  }

  /** Opens addresses on the ports given; private ranges are open only by this. */
  allowCidrs(
    cidrs: readonly string[],
    options: AllowOptions & { readonly ports: NonNullable<L4Match['ports']> },
  ): EgressL4Route {
    return this.#allow('cidrs', { cidrs, ...options });
  }

  #addProviderRoute(provider: Provider): AIProviderRoute {
    const route = new AIProviderRoute(this, provider, { gateways: [this], metadata: this.#place() });
    this.#providers.set(provider, route);
    return route;
  }

  #allow(id: string, match: L4Match): EgressL4Route {
    const route =
      this.#l4.get(id) ?? new EgressL4Route(this, id, { gateways: [this], metadata: this.#place() });
    this.#l4.set(id, route);
    route.addMatch(match);
    return route;
  }

  #place(): { namespace?: string } {
    return present({ namespace: this.namespace });
  }

  protected override toSpec(): EgressGatewaySpec {
    const { defaultPolicy = 'deny-all', additionalTrustBundle, hostAliases, requestTimeout } = this.#props;
    const { lookupFamily, otlp } = this.#props;
    const upstreamTLS = present({
      additionalTrustBundleSecretRef:
        additionalTrustBundle === undefined ? undefined : { name: additionalTrustBundle.name },
      hostAliases: hostAliases?.map(({ ip, hostnames }) => ({ ip, hostnames: [...hostnames] })),
    });
    const listeners = this.#listeners.length > 0 ? this.#listeners : [everything];
    return present({
      defaultPolicy,
      listeners: listeners.map(({ tls, ...listener }) => ({
        ...listener,
        ...(tls === undefined ? {} : { tls: { mode: tls } }),
      })),
      otlp: otlp && present({ endpoint: otlp.endpoint, headers: otlp.headers && { ...otlp.headers } }),
      dns: lookupFamily === undefined ? undefined : { lookupFamily },
      upstreamTLS: Object.keys(upstreamTLS).length > 0 ? upstreamTLS : undefined,
      requestTimeout: requestTimeout === undefined ? undefined : `${requestTimeout.toSeconds()}s`,
    });
  }
}
