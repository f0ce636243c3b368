/**
 * An EgressGateway: the only way out for the agents that name it. Closed until an `allow…` opens something; each opening
 * is a route object of its own that a reviewer sees in dist/.
 */
import type { Construct } from 'constructs';
import type { EgressGatewaySpec } from '../api/index.ts';
import type { AIProviderRoute, Provider } from './ai-provider-route.ts';
import { addAutoscaler } from './autoscaler.ts';
import type { Cidr } from './cidr.ts';
import type { ICredentialTarget } from './credential-injection-policy.ts';
import { CustomResource, refuse } from './custom-resource.ts';
import { EgressDenials } from './egress-denials.ts';
import type { EgressDenyPolicy } from './egress-deny-policy.ts';
import type { EgressGatewayProps } from './egress-gateway-props.ts';
import { gatewaySpec, problemOfProps } from './egress-gateway-spec.ts';
import type {
  AllowCidrsOptions,
  AllowHttpOptions,
  AllowMcpOptions,
  AllowOptions,
  AllowProviderOptions,
  DenyOptions,
  DenyProviderOptions,
} from './egress-grant.ts';
import type { EgressHTTPRoute } from './egress-http-route.ts';
import type { EgressL4Route } from './egress-l4-route.ts';
import type { EgressListener } from './egress-listener.ts';
import { EgressOpenings } from './egress-openings.ts';
import type { EgressRouteKind, IEgressGateway } from './egress-route.ts';
import { RecordSinks, type OtlpExport, type RecordSink } from './egress-telemetry.ts';
import type { Http } from './http.ts';
import { ListenerSet } from './listener-set.ts';
import type { MCPRoute } from './mcp-route.ts';
import type { RoutesFrom } from './routes-from.ts';

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
  readonly #listeners = new ListenerSet();
  readonly #openings = new EgressOpenings(this);
  readonly #denials = new EgressDenials(this);
  readonly #sinks = new RecordSinks();

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
    if (props.routesFrom !== undefined) this.allowRoutesFrom(props.routesFrom);
    for (const listener of props.listeners ?? []) this.addListener(listener);
    this.#check(problemOfProps(props));
    if (props.autoscale !== undefined) addAutoscaler(this, 'EgressGateway', props.autoscale);
  }

  #check(problem: string | undefined): void {
    if (problem !== undefined) refuse(this, problem);
  }

  /** What it takes; empty means every port. */
  get listeners(): readonly EgressListener[] {
    return this.#listeners.listed;
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
    this.#check(this.#listeners.add(listener));
  }

  /**
   * One more receiver of records: of those calls alone whose LoggingPolicy names it, besides the store of the platform.
   *
   * @example
   * ```ts
   * const archive = gateway.addSink('archive', { endpoint: 'https://archive.example.com' });
   * gateway.allowProvider('openai', { logging: new LoggingPolicy(chart, 'kept', { sink: archive }) });
   * ```
   */
  addSink(name: string, receiver: OtlpExport): RecordSink {
    this.#check(this.#sinks.add(name, receiver));
    return { sinkName: name };
  }

  /**
   * Lets routes of further namespaces attach, at listeners that do not say so themselves.
   *
   * @example
   * ```ts
   * // Keys in a namespace where no agent runs: the route and its Secret are there, the gateway takes it.
   * gateway.allowRoutesFrom(['keys']);
   * const keys = new Chart(app, 'keys', { namespace: 'keys' });
   * new AIProviderRoute(keys, 'openai', {
   *   gateways: [gateway],
   *   rules: [{ matches: [{ provider: 'openai', models: ['gpt-4o*'] }] }],
   *   credential: Credential.bearer({ name: 'openai' }),
   * });
   * ```
   */
  allowRoutesFrom(from: RoutesFrom): void {
    this.#check(this.#listeners.takeRoutesFrom(from));
  }

  /** @internal */
  problemOfRoute(kind: EgressRouteKind, namespace: string): string | undefined {
    if (this.#listeners.mayTake({ kind, namespace, own: this.namespace })) return undefined;
    return `attaches to EgressGateway "${this.name}" of namespace ${this.namespace ?? '(unset)'}, which takes no ${kind} from ${namespace}; open it with allowRoutesFrom(['${namespace}'])`;
  }

  /**
   * Opens a provider's own hosts, or its backends, for these models. Called again it adds a rule.
   *
   * @example
   * ```ts
   * const credential = Credential.bearer({ name: 'openai' });
   * gateway.allowProvider('openai', { models: ['gpt-4o*'], credential, budget: Budget.perDay(1_000_000) });
   * ```
   */
  allowProvider(provider: Provider, options: AllowProviderOptions = {}): AIProviderRoute {
    return this.#openings.provider(provider, options);
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
   * gateway.allowHosts(['api.github.com', '*.uploads.example.com']);
   * ```
   */
  allowHosts(hosts: readonly string[], { ports = [443], ...options }: AllowOptions = {}): EgressL4Route {
    return this.#openings.destinations('hosts', { hosts, ports, ...options });
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
    return this.#openings.destinations('cidrs', { cidrs, ...options });
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
  allowMcp(host: string, options: AllowMcpOptions = {}): MCPRoute {
    return this.#openings.mcp(host, options);
  }

  /**
   * Opens HTTP calls to a host, each judged by its rules: what none takes is refused. Called again it adds rules.
   *
   * @example
   * ```ts
   * gateway.allowHttp('api.github.com', { rules: [Http.get('/repos/acme/**')] });
   * ```
   */
  allowHttp(host: string, options: AllowHttpOptions): EgressHTTPRoute {
    return this.#openings.http(host, options);
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
  denyHosts(hosts: readonly string[], options: DenyOptions = {}): EgressDenyPolicy {
    return this.#denials.destinations({ hosts, ...options });
  }

  /**
   * Denies addresses, whatever else opens them.
   *
   * @example
   * ```ts
   * gateway.allowCidrs(['10.20.0.0/16'], { ports: [5432] });
   * gateway.denyCidrs(['10.20.9.0/24']);
   * ```
   */
  denyCidrs(cidrs: readonly (string | Cidr)[], options: DenyOptions = {}): EgressDenyPolicy {
    return this.#denials.destinations({ cidrs, ...options });
  }

  /**
   * Denies some calls of a provider, whatever else opens them; the others stay as they are. Without models and endpoints
   * it denies every call. A call whose model cannot be read is denied with those of any model.
   *
   * @example
   * ```ts
   * gateway.denyProvider('openai', { models: ['gpt-4o-audio*'] });
   * ```
   */
  denyProvider(provider: Provider, options: DenyProviderOptions = {}): EgressDenyPolicy {
    return this.#denials.provider(provider, options);
  }

  /**
   * Denies tools of an MCP server, whatever else allows them; the others stay as they are. Names are globs.
   *
   * @example
   * ```ts
   * gateway.denyTools('mcp.github.com', ['delete_*', 'merge_*']);
   * ```
   */
  denyTools(host: string, tools: readonly string[]): EgressDenyPolicy {
    return this.#denials.tools(host, tools);
  }

  /**
   * Denies HTTP calls to a host, whatever else opens them. Case and a slash at the end count for nothing; GET is also HEAD.
   *
   * @example
   * ```ts
   * gateway.denyHttp('api.github.com', [Http.delete(), Http.any('/admin/**')]);
   * ```
   */
  denyHttp(host: string, calls: readonly Http[]): EgressDenyPolicy {
    return this.#denials.http(host, calls);
  }

  /** @internal */
  protected override problems(): string[] {
    return this.#listeners.problems(this.namespace);
  }

  /** @internal */
  protected override toSpec(): EgressGatewaySpec {
    return gatewaySpec(this.#props, this.#listeners.spec(this.namespace), this.#sinks.all);
  }
}
