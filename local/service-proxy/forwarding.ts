/**
 * Which addresses the service proxy listens on and where each leads, computed from Services and EndpointSlices. Pure.
 * A Service without ready endpoints still has its rule: its connections are refused at once instead of timing out.
 */
import { objectKey, type EndpointSlice, type Service } from '../kube/object.ts';

export const exposeLabel = 'clrk.apoxy.dev/expose';
export const exposePortLabel = 'clrk.apoxy.dev/expose-port';
/** The range the original's `clrk dev` forwards to. */
export const exposedPorts = { first: 18080, last: 18099 } as const;

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface ForwardingRule {
  /** `address:port`, the rule's identity. */
  readonly key: string;
  readonly listen: Endpoint;
  readonly endpoints: readonly Endpoint[];
}

export interface Forwarding {
  readonly rules: readonly ForwardingRule[];
  /** Addresses that must be on the interface. */
  readonly clusterAddresses: readonly string[];
  /** `namespace/name` to port on 127.0.0.1, to be remembered. */
  readonly exposed: Readonly<Record<string, number>>;
}

function readyEndpoints(slices: readonly EndpointSlice[], portName: string): Endpoint[] {
  return slices.flatMap((slice) => {
    const port = slice.ports?.find(({ name = '' }) => name === portName)?.port;
    if (port === undefined || slice.addressType !== 'IPv4') return [];
    return (slice.endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) => addresses.slice(0, 1))
      .map((address) => ({ address, port }));
  });
}

/** Exposed ports: the label's, else the remembered one, else the lowest free; Services in name order. */
function assignExposed(
  services: readonly Service[],
  remembered: Readonly<Record<string, number>>,
): Record<string, number> {
  const exposed: Record<string, number> = {};
  const keyed = services
    .filter(({ metadata }) => metadata.labels?.[exposeLabel] === 'true')
    .map((service) => ({ key: objectKey(service.metadata), service }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const taken = new Set<number>();
  const claim = (key: string, port: number | undefined): void => {
    if (port === undefined || taken.has(port) || exposed[key] !== undefined) return;
    exposed[key] = port;
    taken.add(port);
  };
  for (const { key, service } of keyed) claim(key, labelledPort(service));
  for (const { key } of keyed) claim(key, remembered[key]);
  for (const { key } of keyed) {
    for (let port = exposedPorts.first; port <= exposedPorts.last && exposed[key] === undefined; port += 1)
      claim(key, port);
  }
  return exposed;
}

function labelledPort({ metadata }: Service): number | undefined {
  const port = Number(metadata.labels?.[exposePortLabel] ?? '');
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

function clusterAddress({ spec }: Service): string | undefined {
  const { type, clusterIP = '' } = spec;
  return type === 'ExternalName' || clusterIP === '' || clusterIP === 'None' ? undefined : clusterIP;
}

function slicesOf({ metadata }: Service, slices: readonly EndpointSlice[]): EndpointSlice[] {
  return slices.filter(
    (slice) =>
      slice.metadata.namespace === metadata.namespace &&
      slice.metadata.labels?.['kubernetes.io/service-name'] === metadata.name,
  );
}

function rulesOf(
  service: Service,
  own: readonly EndpointSlice[],
  hostPort: number | undefined,
): ForwardingRule[] {
  const address = clusterAddress(service);
  if (address === undefined) return [];
  const ports = (service.spec.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP');
  return ports.flatMap(({ name = '', port }, index) => {
    const endpoints = readyEndpoints(own, name);
    const cluster = rule({ address, port }, endpoints);
    // One host port a Service: its first port's.
    return index > 0 || hostPort === undefined
      ? [cluster]
      : [cluster, rule({ address: '127.0.0.1', port: hostPort }, endpoints)];
  });
}

export function computeForwarding(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  remembered: Readonly<Record<string, number>>,
): Forwarding {
  const exposed = assignExposed(services, remembered);
  const rules = services.flatMap((service) =>
    rulesOf(service, slicesOf(service, slices), exposed[objectKey(service.metadata)]),
  );
  const clusterAddresses = services.map(clusterAddress).filter((address) => address !== undefined);
  return { rules, clusterAddresses, exposed };
}

function rule(listen: Endpoint, endpoints: readonly Endpoint[]): ForwardingRule {
  return { key: `${listen.address}:${listen.port}`, listen, endpoints };
}
