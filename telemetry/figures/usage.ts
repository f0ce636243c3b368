/**
 * The figures of the last day of agents, gateways and pools, as objects. What no record tells of is absent: a figure that is not
 * known is not nought. Whoever left no record in that day is not in a list.
 */
import { metricsGroupVersion } from '../../contract/index.ts';
import type { Statement } from '../read/call-query.ts';
import type { Store } from '../store/store.ts';
import {
  agentEgress,
  endedUsage,
  gatewayUsage,
  poolUsage,
  runningUsage,
  type UsageScope,
} from './usage-statement.ts';

type Reader = Pick<Store, 'query'>;
type Usage = Readonly<Record<string, string>>;

export const usageKinds = {
  taskagentmetrics: 'TaskAgentMetrics',
  daemonagentmetrics: 'DaemonAgentMetrics',
  egressgatewaymetrics: 'EgressGatewayMetrics',
  workerpoolmetrics: 'WorkerPoolMetrics',
} as const;
export type UsagePlural = keyof typeof usageKinds;

export interface UsageObject {
  readonly apiVersion: typeof metricsGroupVersion;
  readonly kind: (typeof usageKinds)[UsagePlural];
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly timestamp: string;
  readonly window: string;
  /** Quantities. */
  readonly usage: Usage;
  /** Of gateways: what each route opened; absent: there are more routes than one answer tells of. */
  readonly routes?: ReadonlyArray<{
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly usage: Usage;
  }>;
}

const window = '24h';
const windowMs = 24 * 60 * 60 * 1000;
/** As many as one list tells of. */
export const maxUsageObjects = 1000;
export const maxRoutes = 10_000;

type Row = Readonly<Record<string, string>> & { readonly whose: string };

const noAgent: Usage = { invocations: '0', errors: '0', running: '0' };
const noEgress: Usage = { input_tokens: '0', output_tokens: '0', tool_calls: '0', cost_usd: '0' };

async function rowsOf(store: Reader, { sql, params }: Statement): Promise<readonly Row[]> {
  return await store.query<Row>(sql, params);
}

/** A percentile of nothing is no figure. */
function figures(row: Row): Usage {
  const known = ([key, value]: readonly [string, string | null]): boolean =>
    key !== 'whose' && value !== null && value !== 'nan';
  return Object.fromEntries(Object.entries(row).filter(known));
}

function byName(start: Usage, groups: readonly (readonly Row[])[]): Map<string, Usage> {
  const found = new Map<string, Usage>();
  for (const row of groups.flat()) {
    found.set(row.whose, { ...(found.get(row.whose) ?? start), ...figures(row) });
  }
  return found;
}

async function agentUsage(
  store: Reader,
  plural: UsagePlural,
  scope: UsageScope,
): Promise<Map<string, Usage>> {
  const kind = plural === 'taskagentmetrics' ? 'TaskAgent' : 'DaemonAgent';
  const statements = [endedUsage(kind, scope), runningUsage(kind, scope), agentEgress(kind, scope)];
  const groups = await Promise.all(statements.map((each) => rowsOf(store, each)));
  const found = byName({ ...noAgent, ...noEgress }, groups);
  if (kind === 'TaskAgent') return found;
  // A daemon answers nobody: how long it lived is no latency.
  const withoutLatency = ([name, usage]: [string, Usage]): [string, Usage] => [
    name,
    Object.fromEntries(Object.entries(usage).filter(([key]) => !key.startsWith('latency_'))),
  ];
  return new Map([...found].map(withoutLatency));
}

type Routes = NonNullable<UsageObject['routes']>;

interface FoundRoutes {
  /** undefined: not all of them were read. */
  readonly of: (gateway: string) => Routes | undefined;
  readonly isCut: boolean;
}

async function routesOf(store: Reader, scope: UsageScope): Promise<FoundRoutes> {
  const rows = await rowsOf(store, gatewayUsage({ ...scope, limit: maxRoutes + 1 }, true));
  // They come by gateway: of the one in which it ends, and of those behind it, not all are here.
  const cutAt = rows[maxRoutes]?.whose;
  const found = new Map<string, Array<Routes[number]>>();
  for (const { route = '', ...row } of rows) {
    const [kind = '', namespace = '', name = ''] = route.split('/');
    const { whose } = row;
    const routes = found.get(whose) ?? [];
    routes.push({ kind, namespace, name, usage: figures(row) });
    found.set(whose, routes);
  }
  return {
    of: (gateway) => (cutAt !== undefined && gateway >= cutAt ? undefined : (found.get(gateway) ?? [])),
    isCut: cutAt !== undefined,
  };
}

async function usageOf(store: Reader, plural: UsagePlural, scope: UsageScope): Promise<Map<string, Usage>> {
  switch (plural) {
    case 'taskagentmetrics':
    case 'daemonagentmetrics':
      return await agentUsage(store, plural, scope);
    case 'egressgatewaymetrics':
      return byName({}, [await rowsOf(store, gatewayUsage(scope, false))]);
    case 'workerpoolmetrics':
      return byName({}, [await rowsOf(store, poolUsage(scope))]);
    default:
      return plural satisfies never;
  }
}

interface UsagePage {
  readonly objects: readonly UsageObject[];
  /** There are more objects, or more routes of gateways, than a list tells of. */
  readonly isCut: boolean;
}

export async function readUsage(
  store: Reader,
  plural: UsagePlural,
  asked: { readonly namespace?: string; readonly name?: string; readonly nowMs: number },
): Promise<UsagePage> {
  const { nowMs, ...whose } = asked;
  const scope = { ...whose, sinceMs: nowMs - windowMs, limit: maxUsageObjects + 1 };
  const found = await usageOf(store, plural, scope);
  const routes = plural === 'egressgatewaymetrics' ? await routesOf(store, scope) : undefined;
  const names = [...found.keys()].toSorted();
  const objects = names.slice(0, maxUsageObjects).map((whole): UsageObject => {
    const at = whole.indexOf('/');
    const of = routes?.of(whole);
    return {
      apiVersion: metricsGroupVersion,
      kind: usageKinds[plural],
      metadata: { name: whole.slice(at + 1), namespace: whole.slice(0, at) },
      timestamp: new Date(nowMs).toISOString(),
      window,
      usage: found.get(whole) ?? {},
      ...(of === undefined ? {} : { routes: of }),
    };
  });
  return { objects, isCut: names.length > maxUsageObjects || routes?.isCut === true };
}
