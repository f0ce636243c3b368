/**
 * Stage 4: which secrets go on the request. Pure. The agent's own value never survives beside an injected one; a policy
 * whose Secret is missing refuses the call (design 4); nothing is injected outside TLS or outside the route (S39, S40).
 */
import { refusedToday, type GatewayConfig, type GatewayCredential } from '../../contract/index.ts';
import { createField, fieldValue, type Field } from '../http1/index.ts';
import { refuse, type Call, type Refusal } from './call.ts';
import { governingRoutes } from './mcp-host.ts';
import type { Route } from './route.ts';

export interface Injection {
  readonly kind: 'inject';
  readonly fields: readonly Field[];
  readonly query: ReadonlyArray<readonly [string, string]>;
  /** `ns/name` of the policies applied. */
  readonly policies: readonly string[];
  /** The agent sent a value of its own where one was injected. */
  readonly smuggled: boolean;
}

export interface CredentialRefusal extends Refusal {
  readonly policy: string;
}

/** Where the providers' SDKs put keys: the agent's own are dropped as soon as we inject one (S42). */
export const authFieldNames: readonly string[] = [
  'authorization',
  'proxy-authorization',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-amz-security-token',
];
const authQueryNames = ['key', 'api_key', 'api-key', 'access_token'];

const none: Injection = { kind: 'inject', fields: [], query: [], policies: [], smuggled: false };

function names(
  target: GatewayCredential['target'],
  object: { readonly namespace: string; readonly name: string },
): boolean {
  return target.namespace === object.namespace && target.name === object.name;
}

function applies({ target }: GatewayCredential, config: GatewayConfig, route: Route): boolean {
  if (target.kind === 'EgressGateway') {
    const isNamed = route.opener !== undefined || route.provider !== undefined;
    return isNamed && names(target, config.gateway);
  }
  if (target.kind === 'MCPRoute') {
    // Exact binding (S39): the hosts of the route, on the port it opens.
    const { hostname, port } = route.target;
    return port === 443 && governingRoutes(config, hostname).some((each) => names(target, each.route));
  }
  if (route.provider === undefined) return false;
  if (!names(target, route.provider.route)) return false;
  return target.sectionName === undefined || target.sectionName === route.backend?.name;
}

function refusal(credential: GatewayCredential, message: string): CredentialRefusal {
  const policy = `${credential.policy.namespace}/${credential.policy.name}`;
  return { ...refuse(502, 'credential', `${message} (CredentialInjectionPolicy ${policy})`), policy };
}

/** The query's parameter names, decoded; undefined when one does not decode. */
export function queryNames(target: string): string[] {
  const start = target.indexOf('?');
  if (start < 0) return [];
  return [...new URLSearchParams(target.slice(start + 1)).keys()];
}

/** Gateway-wide first, route next, backend last: the closest binding wins. */
function order(credential: GatewayCredential): number {
  if (credential.target.kind === 'EgressGateway') return 0;
  return credential.target.sectionName === undefined ? 1 : 2;
}

interface Collected {
  readonly fields: Map<string, Field>;
  readonly query: Map<string, string>;
}

function collect(credential: GatewayCredential, into: Collected): CredentialRefusal | undefined {
  const { inject } = credential;
  switch (inject.type) {
    case 'Broken':
      return refusal(credential, `the credential for this host cannot be used: ${inject.reason}`);
    case 'AWSv4':
      return refusal(credential, refusedToday.AWSv4);
    case 'Header':
      if (!/^[\t\x20-\x7e\x80-\xff]+$/.test(inject.value)) {
        return refusal(credential, 'the credential for this host holds characters a header cannot carry');
      }
      into.fields.set(inject.name.toLowerCase(), createField(inject.name, inject.value));
      return undefined;
    case 'QueryParam':
      into.query.set(inject.name, inject.value);
      return undefined;
    default:
      return inject satisfies never;
  }
}

/** What the config alone says: the same for every call of a route, and an object of its own. */
interface Plan {
  readonly first: GatewayCredential | undefined;
  readonly refused: CredentialRefusal | undefined;
  readonly injection: Injection;
}

function computePlan(config: GatewayConfig, route: Route): Plan {
  const applicable = config.credentials.filter((credential) => applies(credential, config, route));
  const [first] = applicable;
  if (first === undefined) return { first, refused: undefined, injection: none };
  const collected: Collected = { fields: new Map(), query: new Map() };
  for (const credential of [...applicable].sort((a, b) => order(a) - order(b))) {
    const refused = collect(credential, collected);
    if (refused !== undefined) return { first, refused, injection: none };
  }
  const injection: Injection = {
    kind: 'inject',
    fields: [...collected.fields.values()],
    query: [...collected.query],
    policies: applicable.map(({ policy }) => `${policy.namespace}/${policy.name}`),
    smuggled: false,
  };
  return { first, refused: undefined, injection };
}

/** Documents are immutable once in force; a plan is forgotten with the config that held its secrets. */
const plans = new WeakMap<GatewayConfig, Map<string, Plan>>();

function planOf(config: GatewayConfig, route: Route): Plan {
  let known = plans.get(config);
  if (known === undefined) {
    known = new Map();
    plans.set(config, known);
  }
  // All that `applies` asks of a route; what an agent chooses has no part in it.
  const { provider, backend } = route;
  const named = route.opener !== undefined || provider !== undefined;
  const by = provider === undefined ? '' : `${provider.route.namespace}/${provider.route.name}`;
  const key = `${named ? 1 : 0} ${by} ${backend?.name ?? ''}`;
  let plan = known.get(key);
  if (plan === undefined) {
    plan = computePlan(config, route);
    known.set(key, plan);
  }
  return plan;
}

function isSmuggled(call: Call, injection: Injection): boolean {
  if (injection.fields.some(({ name }) => fieldValue(call.fields, name) !== undefined)) return true;
  if (injection.query.length === 0) return false;
  const sent = queryNames(call.target);
  return injection.query.some(([name]) => sent.includes(name));
}

export function computeInjection(
  config: GatewayConfig,
  call: Call,
  route: Route,
): Injection | CredentialRefusal {
  const { first, refused, injection } = planOf(config, route);
  if (first === undefined) return none;
  if (!route.target.tls || !call.tls) return refusal(first, 'credentials are only sent over TLS');
  if (refused !== undefined) return refused;
  // The fields stay the same object: what is known of them is known of all calls (scrub.ts).
  return isSmuggled(call, injection) ? { ...injection, smuggled: true } : injection;
}

/** The target with injected parameters, the agent's own key parameters dropped. */
export function applyQuery(target: string, injection: Injection): string {
  if (injection.policies.length === 0) return target;
  const start = target.indexOf('?');
  if (start < 0 && injection.query.length === 0) return target;
  const path = start < 0 ? target : target.slice(0, start);
  const dropped = new Set([...authQueryNames, ...injection.query.map(([name]) => name)]);
  const kept = (start < 0 ? [] : target.slice(start + 1).split('&')).filter((pair) => {
    const [name] = [...new URLSearchParams(pair).keys()];
    return name === undefined || !dropped.has(name);
  });
  const added = injection.query.map(
    ([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`,
  );
  const query = [...kept, ...added].join('&');
  return query === '' ? path : `${path}?${query}`;
}
