/**
 * An EgressGateway: the only way out for the agents that name it. Closed until an `allow…` opens something; each opening
 * is a route object of its own that a reviewer sees in dist/.
 */
import type { Duration } from 'cdk8s';
import type { Construct } from 'constructs';
import type { EgressGatewaySpec } from '../api/index.ts';
import { AIProviderRoute, type Provider } from './ai-provider-route.ts';
import type { Cidr } from './cidr.ts';
import type { ICredentialTarget } from './credential-injection-policy.ts';
import { CustomResource, present, refuse, type ResourceProps } from './custom-resource.ts';
import { durationText } from './duration-text.ts';
import type {
  AllowCidrsOptions,
  AllowMcpOptions,
  AllowOptions,
  AllowProviderOptions,
  DenyOptions,
} from './egress-grant.ts';
import { EgressDenyPolicy } from './egress-deny-policy.ts';
import { EgressL4Route, type L4Match } from './egress-l4-route.ts';
import { listenerSpec, problemOfListener, type EgressListener } from './egress-listener.ts';
import type { IEgressGateway } from './egress-route.ts';
import { otlpSpec, problemOfTelemetry, type BodyCapture, type OtlpExport } from './egress-telemetry.ts';
import { MCPRoute } from './mcp-route.ts';

/** An address the gateway uses for names. */
export interface HostAlias {
  /** The address. */
  readonly ip: string;
  /** The names. */
  readonly hostnames: readonly string[];
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
   * The traffic it takes; more with addListener.
   *
   * @default one that takes every port and inspects TLS and HTTP
   */
  readonly listeners?: readonly EgressListener[];
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
   * What is kept of bodies.
   *
   * @default 64 KiB of JSON, NDJSON and event streams
   */
  readonly captureBody?: BodyCapture;
}

const everything: EgressListener = { name: 'all', protocol: 'TCP' };

/**
 * The only way out for the agents that name it. Closed until an `allow…` opens something.
 *
 * @example
 * ```ts
 * const out = new EgressGateway(chart, 'out');
 * out.allowProvider('openai', { models: ['gpt-4o*'], credential: Credential.bearer({ name: 'openai' }) });
 * out.allowHost('api.github.com');
 * new TaskAgent(chart, 'triage', { image: 'ghcr.io/acme/triage:1.0.0', pool, egress: [out] });
 * ```
 */
export class EgressGateway extends CustomResource implements IEgressGateway, ICredentialTarget {
  readonly egressGateway = true;
  readonly credentialTargetKind = 'EgressGateway';
  readonly #props: EgressGatewayProps;
  readonly #listeners: EgressListener[] = [];
  readonly #providers = new Map<Provider, AIProviderRoute>();
  readonly #l4 = new Map<string, EgressL4Route>();
  #denial: EgressDenyPolicy | undefined;

  /**
   * A gateway that somebody else makes.
   *
   * @example
   * ```ts
   * agent.connect(EgressGateway.fromName('shared'));
   * ```
   */
  static fromName(name: string, namespace?: string): IEgressGateway {
    return { name, namespace, egressGateway: true };
  }

  constructor(scope: Construct, id: string, props: EgressGatewayProps = {}) {
    super(scope, id, 'EgressGateway', props);
    this.#props = props;
    for (const listener of props.listeners ?? []) this.addListener(listener);
    const problem = problemOfTelemetry(props.otlp, props.captureBody);
    if (problem !== undefined) refuse(this, problem);
  }

  /** What it takes; empty means every port. */
  get listeners(): readonly EgressListener[] {
    return [...this.#listeners];
  }

  /**
   * Takes one more kind of traffic. The first one replaces the listener for everything.
   *
   * @example
   * ```ts
   * gateway.addListener({ name: 'https', protocol: 'TLS', port: 443, tls: 'Terminate' });
   * ```
   */
  addListener(listener: EgressListener): void {
    if (this.#listeners.some(({ name }) => name === listener.name)) {
      refuse(this, `has a listener "${listener.name}" already`);
    }
    const problem = problemOfListener(listener);
    if (problem !== undefined) refuse(this, problem);
    this.#listeners.push(listener);
  }

  /**
   * Opens a provider's own hosts, or its backends, for these models. Called again it adds a rule.
   *
   * @example
   * ```ts
   * gateway.allowProvider('openai', {
   *   models: ['gpt-4o*'],
   *   credential: Credential.bearer({ name: 'openai' }),
   *   budget: Budget.perDay(1_000_000),
   * });
   * ```
   */
  allowProvider(provider: Provider, options: AllowProviderOptions = {}): AIProviderRoute {
    const { credential, models, endpoints, ...rule } = options;
    const route = this.#providers.get(provider) ?? this.#addProviderRoute(provider);
    route.addRule({ matches: [{ provider, ...present({ models, endpoints }) }], ...rule });
    if (credential !== undefined) route.addCredential(credential);
    return route;
  }

  /**
   * Opens a name: exact, or `*.` and a name for one more label.
   *
   * @example
   * ```ts
   * gateway.allowHost('api.github.com');
   * gateway.allowHost('db.example.com', { ports: [5432], agents: { team: 'data' } });
   * ```
   */
  allowHost(host: string, options: AllowOptions = {}): EgressL4Route {
    return this.allowHosts([host], options);
  }

  /**
   * Opens names.
   *
   * @example
   * ```ts
   * gateway.allowHosts(['api.github.com', '*.githubusercontent.com']);
   * ```
   */
  allowHosts(hosts: readonly string[], { ports = [443], ...options }: AllowOptions = {}): EgressL4Route {
    return this.#open('hosts', { hosts, ports, ...options });
  }

  /**
   * Opens addresses on the ports given. Private ranges are open only by this.
   *
   * @example
   * ```ts
   * gateway.allowCidrs(['10.20.0.0/16'], { ports: [Port.tcp(5432)] });
   * ```
   */
  allowCidrs(cidrs: readonly (string | Cidr)[], options: AllowCidrsOptions): EgressL4Route {
    return this.#open('cidrs', { cidrs, ...options });
  }

  /**
   * Opens an MCP server on port 443, and says which of its tools may be called. One route a server; add rules to the
   * route it returns.
   *
   * @example
   * ```ts
   * gateway.allowMcp('mcp.github.com', {
   *   tools: Tools.allow('search_*').deny('search_secrets'),
   *   credential: Credential.bearer({ name: 'github' }),
   * });
   * ```
   */
  allowMcp(host: string, { credential, ...rule }: AllowMcpOptions = {}): MCPRoute {
    const id = `mcp-${host.replace('*', 'any').replaceAll('.', '-')}`;
    if (this.node.tryFindChild(id) !== undefined)
      refuse(this, `has a route for MCP server "${host}" already`);
    const rules = Object.keys(rule).length > 0 ? [rule] : [];
    const props = { gateways: [this], hosts: [host], rules, metadata: this.#place() };
    return new MCPRoute(this, id, { ...props, ...present({ credential }) });
  }

  /**
   * Denies a name, whatever else opens it: exact, or `*.` and a name for one more label.
   *
   * @example
   * ```ts
   * gateway.allowHost('*.example.com');
   * gateway.denyHost('uploads.example.com');
   * ```
   */
  denyHost(host: string, options: DenyOptions = {}): EgressDenyPolicy {
    return this.denyHosts([host], options);
  }

  /**
   * Denies names, whatever else opens them.
   *
   * @example
   * ```ts
   * gateway.denyHosts(['uploads.example.com', 'files.example.com']);
   * ```
   */
  denyHosts(hosts: readonly string[], { ports }: DenyOptions = {}): EgressDenyPolicy {
    const route = this.#open('denied', { hosts, ...present({ ports }) });
    this.#denial ??= new EgressDenyPolicy(this, 'deny', { targets: [route], metadata: this.#place() });
    return this.#denial;
  }

  #addProviderRoute(provider: Provider): AIProviderRoute {
    const route = new AIProviderRoute(this, provider, { gateways: [this], metadata: this.#place() });
    this.#providers.set(provider, route);
    return route;
  }

  #open(id: string, match: L4Match): EgressL4Route {
    const route =
      this.#l4.get(id) ?? new EgressL4Route(this, id, { gateways: [this], metadata: this.#place() });
    this.#l4.set(id, route);
    route.addMatch(match);
    return route;
  }

  #place(): { namespace?: string } {
    return present({ namespace: this.namespace });
  }

  /** @internal */
  protected override toSpec(): EgressGatewaySpec {
    const { defaultPolicy = 'deny-all', additionalTrustBundle, hostAliases, requestTimeout } = this.#props;
    const { lookupFamily, otlp, captureBody } = this.#props;
    const upstreamTLS = present({
      additionalTrustBundleSecretRef: additionalTrustBundle && { name: additionalTrustBundle.name },
      hostAliases: hostAliases?.map(({ ip, hostnames }) => ({ ip, hostnames: [...hostnames] })),
    });
    const listeners = this.#listeners.length > 0 ? this.#listeners : [everything];
    return present({
      defaultPolicy,
      listeners: listeners.map(listenerSpec),
      otlp: otlpSpec(otlp, captureBody),
      dns: lookupFamily === undefined ? undefined : { lookupFamily },
      upstreamTLS: Object.keys(upstreamTLS).length > 0 ? upstreamTLS : undefined,
      requestTimeout: requestTimeout && durationText(requestTimeout),
    });
  }
}
