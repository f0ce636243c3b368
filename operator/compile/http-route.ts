/** EgressHTTPRoute to the gateway's form: the destinations it opens, and the calls that pass there. Pure. */
import {
  headerEditOf,
  httpOpening,
  narrowPorts,
  type GatewayConfig,
  type HttpMatch,
  type HttpRoute,
} from '../../contract/index.ts';
import { judgeHeaderEdit } from '../../decision/index.ts';
import type { EgressGateway, EgressHTTPRoute } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import type { AttachedRoute } from './attachment.ts';
import { denialAt } from './denial.ts';
import { gatewayId } from './name.ts';
import { compileFilters } from './route-filter.ts';
import { sourceAgents } from './source-agents.ts';

type DestinationRule = GatewayConfig['destinations']['rules'][number];
type Match = EgressHTTPRoute['spec']['rules'][number]['matches'][number];

/** What a denied route names is closed, so it opens nothing itself. */
export function httpDestinations(
  world: World,
  gateway: EgressGateway,
  attached: AttachedRoute<EgressHTTPRoute>,
): DestinationRule[] {
  const { route } = attached;
  if (denialAt(world, 'EgressHTTPRoute', route) !== undefined) return [];
  const { hostnames, ports } = httpOpening(route.spec);
  const open = narrowPorts(attached, ports);
  return open === undefined ? [] : [destination(world, gateway, route, { hostnames, ports: open })];
}

function destination(
  world: World,
  gateway: EgressGateway,
  { metadata, spec }: EgressHTTPRoute,
  { hostnames, ports }: { hostnames: readonly string[]; ports: DestinationRule['ports'] },
): DestinationRule {
  return {
    route: `EgressHTTPRoute/${metadata.namespace}/${metadata.name}`,
    hostnames: [...hostnames],
    cidrs: [],
    ports,
    protocol: 'TCP',
    ...sourceAgents(world, gateway, spec.sourceAgents),
  };
}

export function compileHttpRoute(
  world: World,
  gateway: EgressGateway,
  { route }: AttachedRoute<EgressHTTPRoute>,
): HttpRoute {
  const { namespace, name } = route.metadata;
  const answer = denialAt(world, 'EgressHTTPRoute', route);
  const { hostnames, ports } = httpOpening(route.spec);
  const at = { kind: 'EgressHTTPRoute', gateway: gatewayId(gateway) };
  // To deny, a route that names no port is about every port.
  const places = { hostnames, ports: route.spec.ports === undefined ? [] : [...ports] };
  return {
    route: { namespace, name },
    rules: route.spec.rules.map((rule) => {
      const { unsupported, carried } = compileFilters(world, { ...route, ...at }, rule);
      const headers = headerEditOf(rule.filters ?? []);
      const wrong = headers && judgeHeaderEdit(headers);
      const approval = rule.approval === 'Required' ? { approval: true as const } : {};
      return {
        matches: rule.matches.map(compileMatch),
        unsupported: wrong === undefined ? [...unsupported] : [...unsupported, wrong],
        ...approval,
        ...carried,
        ...(headers === undefined ? {} : { headers }),
      };
    }),
    ...(answer === undefined ? {} : { denial: { answer, at: [destination(world, gateway, route, places)] } }),
  };
}

function named(list: Match['queryParams']): HttpMatch['queryParams'] {
  return (list ?? []).map(({ name, values }) => ({ name, values: [...(values ?? [])] }));
}

function compileMatch(match: Match): HttpMatch {
  const { path, maxBodyBytes } = match;
  return {
    methods: [...match.methods],
    ...(path === undefined ? {} : { path: { type: path.type, value: path.value } }),
    queryParams: named(match.queryParams),
    headers: named(match.headers).map(({ name, values }) => ({ name: name.toLowerCase(), values })),
    contentTypes: [...(match.contentTypes ?? [])],
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    webSocket: match.webSocket ?? false,
  };
}
