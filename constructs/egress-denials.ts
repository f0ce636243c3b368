/**
 * What a gateway denies, as objects: routes that name it and nothing else, and a policy that targets them. A policy denies
 * all that its targets name, so a route that also allows must never be among them.
 */
import { AIProviderRoute, type Provider } from './ai-provider-route.ts';
import { present, refuse, type CustomResource } from './custom-resource.ts';
import { EgressDenyPolicy } from './egress-deny-policy.ts';
import { EgressHTTPRoute } from './egress-http-route.ts';
import type { DenyProviderOptions } from './egress-grant.ts';
import { EgressL4Route, type L4Match } from './egress-l4-route.ts';
import type { EgressRoute, IEgressGateway } from './egress-route.ts';
import { hostName, routePropsOf } from './host-name.ts';
import type { Http } from './http.ts';
import { MCPRoute } from './mcp-route.ts';

/** @internal */
export class EgressDenials {
  readonly #gateway: CustomResource & IEgressGateway;
  readonly #routes = new Map<string, EgressRoute>();
  #policy: EgressDenyPolicy | undefined;

  constructor(gateway: CustomResource & IEgressGateway) {
    this.#gateway = gateway;
  }

  destinations(match: L4Match): EgressDenyPolicy {
    const known = this.#routes.get('denied');
    const route =
      known instanceof EgressL4Route
        ? known
        : new EgressL4Route(this.#gateway, 'denied', routePropsOf(this.#gateway));
    route.addMatch(match);
    return this.#deny('denied', route);
  }

  provider(provider: Provider, { models, endpoints }: DenyProviderOptions): EgressDenyPolicy {
    const id = `denied-${provider}`;
    const known = this.#routes.get(id);
    const route =
      known instanceof AIProviderRoute
        ? known
        : new AIProviderRoute(this.#gateway, id, routePropsOf(this.#gateway));
    route.addRule({ matches: [{ provider, ...present({ models, endpoints }) }] });
    return this.#deny(id, route);
  }

  tools(host: string, tools: readonly string[]): EgressDenyPolicy {
    if (tools.length === 0 || tools.includes('')) {
      refuse(this.#gateway, `name at least one tool of "${host}" to deny, or deny the host`);
    }
    const key = `tools of ${host}`;
    const known = this.#routes.get(key);
    const route = known instanceof MCPRoute ? known : this.#toolRoute(host);
    route.addRule({ matches: [{ tools }] });
    return this.#deny(key, route);
  }

  http(host: string, rules: readonly Http[]): EgressDenyPolicy {
    if (rules.length === 0) refuse(this.#gateway, `name calls to "${host}" to deny, or deny the host`);
    const key = `calls of ${host}`;
    const known = this.#routes.get(key);
    const route = known instanceof EgressHTTPRoute ? known : this.#httpRoute(host);
    for (const rule of rules) route.addRule(rule);
    return this.#deny(key, route);
  }

  #httpRoute(host: string): EgressHTTPRoute {
    const { id, metadata } = hostName(this.#gateway, 'denied-http', host);
    return new EgressHTTPRoute(this.#gateway, id, {
      ...routePropsOf(this.#gateway),
      hosts: [host],
      metadata,
    });
  }

  #toolRoute(host: string): MCPRoute {
    const { id, metadata } = hostName(this.#gateway, 'denied-mcp', host);
    return new MCPRoute(this.#gateway, id, { ...routePropsOf(this.#gateway), hosts: [host], metadata });
  }

  #deny(key: string, route: EgressRoute): EgressDenyPolicy {
    const { metadata } = routePropsOf(this.#gateway);
    this.#policy ??= new EgressDenyPolicy(this.#gateway, 'deny', { metadata });
    if (!this.#routes.has(key)) {
      this.#policy.addTarget(route);
      // Alone the route would open what it names: it comes after its denial in what is applied.
      route.node.addDependency(this.#policy);
    }
    this.#routes.set(key, route);
    return this.#policy;
  }
}
