/** The kinds of traffic a gateway takes. Apart from the gateway because it is a table of its own in the manifest. */
import type { EgressGatewaySpec } from '../api/index.ts';
import { group, present } from './custom-resource.ts';
import type { EgressRouteKind } from './egress-route.ts';
import { namespacesSpec, problemOfRoutesFrom, type RoutesFrom } from './routes-from.ts';

/** One kind of traffic a gateway takes. */
export interface EgressListener {
  /** Its name, unique in the gateway. */
  readonly name: string;
  /** What the traffic speaks. `TCP` looks at what comes and inspects TLS and HTTP. */
  readonly protocol: 'TCP' | 'TLS' | 'HTTP' | 'HTTPS';
  /**
   * The destination port it takes.
   *
   * @default every port no other listener names
   */
  readonly port?: number;
  /**
   * For TLS: whether the gateway looks inside.
   *
   * @default Passthrough
   */
  readonly tls?: 'Passthrough' | 'Terminate';
  /**
   * Secret with tls.crt and tls.key of the CA that signs what the agents see.
   *
   * @default a CA made for the gateway
   */
  readonly ca?: { readonly name: string };
  /**
   * Namespaces whose routes may attach.
   *
   * @default what the gateway says with `routesFrom` and `allowRoutesFrom`, and else its own
   */
  readonly routesFrom?: RoutesFrom;
  /**
   * Kinds of route that may attach.
   *
   * @default every kind
   */
  readonly routeKinds?: readonly EgressRouteKind[];
}

type ListenerSpec = EgressGatewaySpec['listeners'][number];
type AllowedRoutes = NonNullable<ListenerSpec['allowedRoutes']>;

/** What of a listener's routes is written; undefined: nothing, which means those of the gateway's namespace. */
function allowedRoutes(
  { routesFrom: from = 'Same', routeKinds: kinds }: EgressListener,
  own: string | undefined,
): AllowedRoutes | undefined {
  if (from === 'Same' && kinds === undefined) return undefined;
  return present({ namespaces: namespacesSpec(from, own), kinds: kinds?.map((kind) => ({ group, kind })) });
}

/** @internal `own` is the gateway's namespace. */
export function listenerSpec(listener: EgressListener, own: string | undefined): ListenerSpec {
  const { name, protocol, port, tls, ca } = listener;
  const tlsSpec = present({ mode: tls, caCertRef: ca && { name: ca.name } });
  return present({
    name,
    protocol,
    port,
    tls: Object.keys(tlsSpec).length > 0 ? tlsSpec : undefined,
    allowedRoutes: allowedRoutes(listener, own),
  });
}

/** @internal Why a listener can never work; undefined when it can. */
export function problemOfListener(listener: EgressListener): string | undefined {
  const { name, port = 1, routesFrom = 'Same', routeKinds } = listener;
  const problem =
    problemOfTls(listener) ??
    problemOfRoutesFrom(routesFrom) ??
    (isPort(port) ? undefined : `port ${port} must be a whole number from 1 to 65535`) ??
    (routeKinds?.length === 0 ? 'routeKinds are empty; leave them out to mean every kind' : undefined);
  return problem === undefined ? undefined : `listener "${name}": ${problem}`;
}

function problemOfTls({ protocol, tls, ca }: EgressListener): string | undefined {
  if (tls !== undefined && protocol !== 'TLS') return `tls is for protocol TLS, not ${protocol}`;
  if (ca === undefined || protocol === 'HTTPS' || tls === 'Terminate') return undefined;
  return 'ca is for HTTPS, or TLS that is terminated';
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}
