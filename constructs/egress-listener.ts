/** The kinds of traffic a gateway takes. Apart from the gateway because it is a table of its own in the manifest. */
import type { EgressGatewaySpec } from '../api/index.ts';
import { present } from './custom-resource.ts';

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
   * Namespaces whose routes may attach: all of them, or those with these labels.
   *
   * @default that of the gateway
   */
  readonly routesFrom?: 'All' | Readonly<Record<string, string>>;
}

type ListenerSpec = EgressGatewaySpec['listeners'][number];
type AllowedRoutes = NonNullable<ListenerSpec['allowedRoutes']>;

function allowedRoutes(from: NonNullable<EgressListener['routesFrom']>): AllowedRoutes {
  if (from === 'All') return { namespaces: { from } };
  return { namespaces: { from: 'Selector', selector: { matchLabels: { ...from } } } };
}

/** @internal */
export function listenerSpec({ name, protocol, port, tls, ca, routesFrom }: EgressListener): ListenerSpec {
  const tlsSpec = present({ mode: tls, caCertRef: ca && { name: ca.name } });
  return present({
    name,
    protocol,
    port,
    tls: Object.keys(tlsSpec).length > 0 ? tlsSpec : undefined,
    allowedRoutes: routesFrom === undefined ? undefined : allowedRoutes(routesFrom),
  });
}

/** @internal Why a listener can never work; undefined when it can. */
export function problemOfListener({ name, protocol, port = 1, tls, ca }: EgressListener): string | undefined {
  if (tls !== undefined && protocol !== 'TLS') {
    return `listener "${name}": tls is for protocol TLS, not ${protocol}`;
  }
  if (ca !== undefined && protocol !== 'HTTPS' && tls !== 'Terminate') {
    return `listener "${name}": ca is for HTTPS, or TLS that is terminated`;
  }
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    return `listener "${name}": port ${port} must be a whole number from 1 to 65535`;
  }
  return undefined;
}
