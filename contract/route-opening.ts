/**
 * What routes and listeners come to: which hosts and ports a route opens, and what a listener does. The operator compiles with
 * it and `policy/` judges manifests with it, so that a rule about a manifest cannot say other than the gateway does. Pure.
 */
import type { DestinationRule, PortRange } from './destination-policy.ts';
import type { GatewayListener } from './gateway-config.ts';
import { providerHosts, providers } from './provider-host.ts';

/** Of a destination rule, what a route's manifest says. */
export type RouteOpening = Pick<DestinationRule, 'hostnames' | 'cidrs' | 'ports'>;

interface PortText {
  readonly port?: number | undefined;
  readonly startPort?: number | undefined;
  readonly endPort?: number | undefined;
}

function portRange({ port, startPort, endPort }: PortText): PortRange[] {
  if (port !== undefined) return [{ start: port, end: port }];
  return startPort === undefined ? [] : [{ start: startPort, end: endPort ?? startPort }];
}

/** One match of an EgressL4Route. */
export function l4Opening(match: {
  readonly destinationHostnames?: readonly string[] | undefined;
  readonly destinationCIDRs?: readonly string[] | undefined;
  readonly ports?: readonly PortText[] | undefined;
}): RouteOpening {
  return {
    hostnames: (match.destinationHostnames ?? []).map((name) => name.toLowerCase()),
    cidrs: [...(match.destinationCIDRs ?? [])],
    ports: (match.ports ?? []).flatMap(portRange),
  };
}

const onHttps: readonly PortRange[] = [{ start: 443, end: 443 }];

/** An MCPRoute. */
export function mcpOpening(hostnames: readonly string[]): RouteOpening {
  return { hostnames: hostnames.map((name) => name.toLowerCase()), cidrs: [], ports: onHttps };
}

/** An EgressHTTPRoute. */
export function httpOpening(spec: {
  readonly hostnames: readonly string[];
  readonly ports?: readonly number[] | undefined;
}): RouteOpening {
  const ports = spec.ports?.map((port) => ({ start: port, end: port })) ?? onHttps;
  return { hostnames: spec.hostnames.map((name) => name.toLowerCase()), cidrs: [], ports };
}

/** An AIProviderRoute: its providers' hosts on 443, and its Backends. Each once, the providers' first. */
export function providerOpenings(
  names: readonly string[],
  backends: ReadonlyArray<{ readonly host: string; readonly port: number }>,
): RouteOpening[] {
  const own = providers.filter((name) => names.includes(name)).flatMap((name) => providerHosts[name]);
  const openings: RouteOpening[] = [
    ...(own.length === 0 ? [] : [{ hostnames: own, cidrs: [], ports: onHttps }]),
    ...backends.map(({ host, port }) => ({
      hostnames: [host],
      cidrs: [],
      ports: [{ start: port, end: port }],
    })),
  ];
  const seen = new Set<string>();
  return openings.filter((each) => {
    const key = JSON.stringify(each);
    return seen.has(key) ? false : seen.add(key);
  });
}

/** A route attached to named listeners opens only their ports; undefined: nothing is left. Empty: every port. */
export function narrowPorts(
  attached: {
    readonly narrowed: boolean;
    readonly listeners: ReadonlyArray<{ readonly protocol: string; readonly port?: number | undefined }>;
  },
  ports: readonly PortRange[],
): PortRange[] | undefined {
  const usable = attached.listeners.filter((listener) => listener.protocol !== 'UDP');
  if (usable.length === 0) return undefined;
  if (!attached.narrowed || usable.some((listener) => listener.port === undefined)) return [...ports];
  const own = usable.flatMap(({ port }) => (port === undefined ? [] : [port]));
  const open = own.filter(
    (port) => ports.length === 0 || ports.some(({ start, end }) => port >= start && port <= end),
  );
  return open.length === 0 ? undefined : open.map((port) => ({ start: port, end: port }));
}

/** A listener as a gateway has it; none for UDP, which gateways do not take. */
export function gatewayListener(listener: {
  readonly name: string;
  readonly protocol: GatewayListener['protocol'] | 'UDP';
  readonly port?: number | undefined;
  readonly tls?: { readonly mode?: GatewayListener['tlsMode'] | undefined } | undefined;
}): GatewayListener[] {
  const { name, protocol, port, tls } = listener;
  if (protocol === 'UDP') return [];
  const inspects = protocol === 'HTTP' || protocol === 'HTTPS';
  const otherwise = protocol === 'TLS' ? (tls?.mode ?? 'Passthrough') : 'Passthrough';
  return [
    { name, protocol, ...(port === undefined ? {} : { port }), tlsMode: inspects ? 'Terminate' : otherwise },
  ];
}
