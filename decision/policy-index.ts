/**
 * One compiled policy, read once when it comes in force: patterns compiled, openers parsed, rules by what they are about.
 * Everything a decision asks of a policy alone is answered from here; nothing of it is remembered anywhere else.
 */
import {
  decideDestination,
  parseHostname,
  type DestinationPolicy,
  type DestinationRule,
  type GatewayConfig,
  type Hostname,
} from '../contract/index.ts';
import { compileHttpRoute, type CompiledHttpRoute } from './http-route.ts';
import { compileMcpRoute, type CompiledMcpRoute } from './mcp/compiled-route.ts';
import { parseOpener, renderOpener, withoutKinds, type Opener, type OpenerKind } from './opener.ts';

/** What of a gateway's document decides. */
export type Policy = Pick<
  GatewayConfig,
  | 'gateway'
  | 'upstream'
  | 'destinations'
  | 'providerRoutes'
  | 'providerDenials'
  | 'mcpRoutes'
  | 'httpRoutes'
  | 'credentials'
>;

function pinsOf({ upstream }: Policy): ReadonlyMap<string, readonly string[]> {
  const pins = new Map<string, string[]>();
  for (const { ip, hostnames } of upstream.hostAliases) {
    for (const text of hostnames) {
      const hostname = parseHostname(text);
      if (hostname !== undefined) pins.set(hostname, [...(pins.get(hostname) ?? []), ip]);
    }
  }
  return pins;
}

/** What each route opens by itself. */
function openedByRoute({ destinations }: Policy): ReadonlyMap<string, DestinationPolicy> {
  const { platformCidrs } = destinations;
  const byRoute = new Map<string, DestinationRule[]>();
  for (const rule of destinations.rules) {
    const known = byRoute.get(rule.route);
    if (known !== undefined) known.push(rule);
    else if (parseOpener(rule.route) !== undefined) byRoute.set(rule.route, [rule]);
  }
  return new Map(
    [...byRoute].map(([route, rules]) => [route, { defaultPolicy: 'deny-all', rules, platformCidrs }]),
  );
}

export class PolicyIndex {
  readonly policy: Policy;
  /** Destinations without the rules whose text names no route. */
  readonly destinations: DestinationPolicy;
  /** As if there were no routes that say which calls. */
  readonly besideRules: DestinationPolicy;
  /** Opened for bytes nobody reads: by an L4 route or the default. */
  readonly unread: DestinationPolicy;
  readonly mcpRoutes: readonly CompiledMcpRoute[];
  readonly httpRoutes: readonly CompiledHttpRoute[];
  /** Addresses that the gateway's owner pinned for a name. */
  readonly pins: ReadonlyMap<string, readonly string[]>;
  readonly #byRoute: ReadonlyMap<string, DestinationPolicy>;

  constructor(policy: Policy) {
    const { destinations } = policy;
    const without = (...kinds: readonly OpenerKind[]): DestinationPolicy => ({
      ...destinations,
      rules: withoutKinds(destinations.rules, ...kinds),
    });
    this.policy = policy;
    this.destinations = without();
    // A person is asked about places that no route opens, and about calls: a route that takes other calls opens the place.
    const { asksUnlisted: _asks, ...listed } = without('AIProviderRoute', 'EgressHTTPRoute');
    this.besideRules = listed;
    const { asksUnlisted: _too, ...unread } = without('AIProviderRoute', 'MCPRoute', 'EgressHTTPRoute');
    this.unread = unread;
    this.httpRoutes = (policy.httpRoutes ?? []).map(compileHttpRoute);
    this.mcpRoutes = (policy.mcpRoutes ?? []).map(compileMcpRoute);
    this.pins = pinsOf(policy);
    this.#byRoute = openedByRoute(policy);
  }

  /** Does this very route open the destination? What another route opened is none of its business (S39). */
  opens(route: Opener, destination: { agent: string; hostname: Hostname; port: number }): boolean {
    const own = this.#byRoute.get(renderOpener(route));
    return own !== undefined && decideDestination(own, destination).open;
  }
}
