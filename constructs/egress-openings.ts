/** What a gateway opens, as objects: a route a provider, MCP server or HTTP host, and one each for names and addresses. */
import { AIProviderRoute, type Provider } from './ai-provider-route.ts';
import { present, refuse, type CustomResource } from './custom-resource.ts';
import { EgressHTTPRoute } from './egress-http-route.ts';
import type { AllowHttpOptions, AllowMcpOptions, AllowProviderOptions } from './egress-grant.ts';
import { EgressL4Route, type L4Match } from './egress-l4-route.ts';
import type { IEgressGateway } from './egress-route.ts';
import { hostName, routePropsOf } from './host-name.ts';
import { MCPRoute } from './mcp-route.ts';

/** @internal */
export class EgressOpenings {
  readonly #gateway: CustomResource & IEgressGateway;
  readonly #providers = new Map<Provider, AIProviderRoute>();
  readonly #l4 = new Map<string, EgressL4Route>();
  readonly #mcp = new Set<string>();
  readonly #http = new Map<string, EgressHTTPRoute>();

  constructor(gateway: CustomResource & IEgressGateway) {
    this.#gateway = gateway;
  }

  provider(provider: Provider, options: AllowProviderOptions): AIProviderRoute {
    const { credential, models, endpoints, ...rule } = options;
    const route = this.#providers.get(provider) ?? this.#addProvider(provider);
    route.addRule({ matches: [{ provider, ...present({ models, endpoints }) }], ...rule });
    if (credential !== undefined) route.addCredential(credential);
    return route;
  }

  destinations(id: 'hosts' | 'cidrs', match: L4Match): EgressL4Route {
    const route = this.#l4.get(id) ?? this.#addL4(id);
    route.addMatch(match);
    return route;
  }

  mcp(host: string, { credential, denyServerRequests, ...rule }: AllowMcpOptions): MCPRoute {
    if (this.#mcp.has(host)) refuse(this.#gateway, `has a route for MCP server "${host}" already`);
    const { id, metadata } = hostName(this.#gateway, 'mcp', host);
    const rules = Object.keys(rule).length > 0 ? [rule] : [];
    const props = { gateways: [this.#gateway], hosts: [host], rules, metadata };
    const route = new MCPRoute(this.#gateway, id, {
      ...props,
      ...present({ credential, denyServerRequests }),
    });
    route.markOpenedBy('allowMcp');
    this.#mcp.add(host);
    return route;
  }

  http(host: string, options: AllowHttpOptions): EgressHTTPRoute {
    const known = this.#http.get(host);
    if (known === undefined) {
      const { id, metadata } = hostName(this.#gateway, 'http', host);
      const props = { gateways: [this.#gateway], hosts: [host], metadata, ...options };
      const route = new EgressHTTPRoute(this.#gateway, id, props);
      route.markOpenedBy('allowHttp');
      this.#http.set(host, route);
      return route;
    }
    const { rules, credential, ...rest } = options;
    if (Object.keys(rest).length > 0) {
      refuse(
        this.#gateway,
        `has a route for HTTP host "${host}" already; make an EgressHTTPRoute for other agents`,
      );
    }
    for (const rule of rules) known.addRule(rule);
    if (credential !== undefined) known.addCredential(credential);
    return known;
  }

  #addProvider(provider: Provider): AIProviderRoute {
    const route = new AIProviderRoute(this.#gateway, provider, routePropsOf(this.#gateway));
    route.markOpenedBy('allowProvider');
    this.#providers.set(provider, route);
    return route;
  }

  #addL4(id: 'hosts' | 'cidrs'): EgressL4Route {
    const route = new EgressL4Route(this.#gateway, id, routePropsOf(this.#gateway));
    route.markOpenedBy(id === 'hosts' ? 'allowHosts' : 'allowCidrs');
    this.#l4.set(id, route);
    return route;
  }
}
