/**
 * A read request's URL as a typed request. Pure; the namespace and agent come from the path and nothing in the query
 * can widen them. Unknown or repeated parameters are refused, so that a typo never reads as "no filter".
 */
import {
  ClrkError,
  isInvocationId,
  phases as allPhases,
  type AgentRef,
  type Phase,
} from '../../contract/index.ts';
import { isUnsigned64 } from './page-token.ts';

export interface ReadFilter {
  readonly invocation?: string;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly components: readonly string[];
  readonly iostream?: 'stdout' | 'stderr';
  /** Calls in any of these; empty: all. */
  readonly phases: readonly Phase[];
  /** Of a namespace's list: only this agent's. */
  readonly agent?: string;
  /** Spans of this trace. */
  readonly trace?: string;
  readonly limit: number;
  readonly follow: boolean;
  /** A follower goes on behind what it was given last. */
  readonly after?: string;
  /** Where the page before ended. */
  readonly continue?: string;
}

export type ReadRequest =
  | {
      readonly what: 'logs' | 'traces' | 'agentInvocations';
      readonly agent: AgentRef;
      readonly filter: ReadFilter;
    }
  | { readonly what: 'invocations'; readonly namespace: string; readonly filter: ReadFilter }
  | { readonly what: 'invocation'; readonly namespace: string; readonly id: string };

/** Bounds of the original's API. */
const defaultLimit = 100;
const maxLimit = 1000;
const maxComponents = 16;

const everywhere = ['since', 'until', 'limit', 'follow', 'after', 'continue'] as const;
const allowed = {
  logs: [...everywhere, 'invocation', 'component', 'iostream'],
  traces: [...everywhere, 'invocation', 'component', 'trace'],
  agentInvocations: [...everywhere, 'invocation', 'phase'],
  invocations: [...everywhere, 'phase', 'agent'],
  invocation: [],
} as const satisfies Record<ReadRequest['what'], readonly string[]>;

const kinds = { taskagents: 'TaskAgent', daemonagents: 'DaemonAgent' } as const;
const name = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

function bad(message: string): ClrkError {
  return new ClrkError('BAD_REQUEST', message);
}

function parseTime(text: string | null, parameter: string): number | undefined {
  if (text === null) return undefined;
  const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  const ms = rfc3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw bad(`${parameter} must be an RFC 3339 time`);
  return ms;
}

function parseLimit(text: string | null): number {
  if (text === null) return defaultLimit;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxLimit) throw bad(`limit must be 1 to ${maxLimit}`);
  return limit;
}

function parseFollow(text: string | null): boolean {
  if (text === null || text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  throw bad('follow must be true or false');
}

function parseComponents(text: string | null): readonly string[] {
  if (text === null || text === '') return [];
  const components = text.split(',');
  if (components.length > maxComponents || components.some((part) => !/^[a-z0-9-]{1,63}$/.test(part))) {
    throw bad('component must be a comma-separated list of component names');
  }
  return components;
}

function parseIoStream(text: string | null): 'stdout' | 'stderr' | undefined {
  if (text === null || text === 'stdout' || text === 'stderr') return text ?? undefined;
  throw bad('iostream must be stdout or stderr');
}

function parsePhases(text: string | null): readonly Phase[] {
  if (text === null || text === '') return [];
  const wanted = new Set(text.split(',').map((phase) => phase.toLowerCase()));
  const known = allPhases.filter((phase) => wanted.has(phase.toLowerCase()));
  if (known.length !== wanted.size) throw bad(`phase must be of ${allPhases.join(', ')}`);
  return known;
}

function parseMatching(text: string | null, pattern: RegExp, message: string): string | undefined {
  if (text === null) return undefined;
  if (!pattern.test(text)) throw bad(message);
  return text;
}

function parseAfter(text: string | null): string | undefined {
  if (text === null || isUnsigned64(text)) return text ?? undefined;
  throw bad('after must be the cursor of a line');
}

/** Without what is undefined. */
function given<T extends object>(values: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

function checkNames(what: ReadRequest['what'], query: URLSearchParams): void {
  const names: readonly string[] = allowed[what];
  for (const key of query.keys()) {
    if (!names.includes(key)) throw bad(`unknown parameter ${key.slice(0, 40)}`);
    if (query.getAll(key).length > 1) throw bad(`parameter ${key} is given twice`);
  }
}

function parseFilter(what: ReadRequest['what'], query: URLSearchParams): ReadFilter {
  checkNames(what, query);
  const invocation = query.get('invocation');
  if (invocation !== null && !isInvocationId(invocation)) throw bad('invocation must be a lower-case UUID');
  const follow = parseFollow(query.get('follow'));
  if (!follow && query.has('after')) throw bad('after goes with follow');
  if (follow && query.has('continue')) throw bad('continue does not go with follow');
  return {
    ...given({
      invocation: invocation ?? undefined,
      sinceMs: parseTime(query.get('since'), 'since'),
      untilMs: parseTime(query.get('until'), 'until'),
      iostream: parseIoStream(query.get('iostream')),
      agent: parseMatching(query.get('agent'), name, 'agent must be the name of an agent'),
      trace: parseMatching(query.get('trace'), /^[0-9a-f]{32}$/, 'trace must be 32 hexadecimal digits'),
      after: parseAfter(query.get('after')),
      continue: query.get('continue') ?? undefined,
    }),
    components: parseComponents(query.get('component')),
    phases: parsePhases(query.get('phase')),
    limit: parseLimit(query.get('limit')),
    follow,
  };
}

const leaves = new Map([
  ['logs', 'logs'],
  ['traces', 'traces'],
  ['invocations', 'agentInvocations'],
] as const);

function parseAgentPath(namespace: string, rest: string, query: URLSearchParams): ReadRequest | undefined {
  const match = /^(taskagents|daemonagents)\/([^/]+)\/(logs|traces|invocations)$/.exec(rest);
  if (match === null || !name.test(match[2] ?? '')) return undefined;
  const kind = kinds[match[1] as keyof typeof kinds];
  const what = leaves.get(match[3] as 'logs') ?? 'logs';
  return { what, agent: { kind, namespace, name: match[2] ?? '' }, filter: parseFilter(what, query) };
}

function parseInvocationPath(
  namespace: string,
  rest: string,
  query: URLSearchParams,
): ReadRequest | undefined {
  if (rest === 'invocations') {
    return { what: 'invocations', namespace, filter: parseFilter('invocations', query) };
  }
  const id = rest.startsWith('invocations/') ? rest.slice('invocations/'.length) : '';
  if (!isInvocationId(id)) return undefined;
  parseFilter('invocation', query);
  return { what: 'invocation', namespace, id };
}

interface Location {
  readonly namespace: string;
  readonly rest: string;
  readonly query: URLSearchParams;
}

function parseLocation(url: string): Location | undefined {
  if (!URL.canParse(url, 'http://telemetry')) return undefined;
  const { pathname, searchParams: query } = new URL(url, 'http://telemetry');
  // Nothing in a name needs escaping, so an escape is a way round something.
  const match = /^\/v1\/namespaces\/([^/%]+)\/([^%]+)$/.exec(pathname);
  const [, namespace = '', rest = ''] = match ?? [];
  return name.test(namespace) ? { namespace, rest, query } : undefined;
}

/** Throws NOT_FOUND or BAD_REQUEST. */
export function parseReadRequest(url: string): ReadRequest {
  const location = parseLocation(url);
  if (location !== undefined) {
    const { namespace, rest, query } = location;
    const request = parseInvocationPath(namespace, rest, query) ?? parseAgentPath(namespace, rest, query);
    if (request !== undefined) return request;
  }
  throw new ClrkError('NOT_FOUND', 'no such resource');
}

/** Whose records it asks for. */
export function namespaceOf(request: ReadRequest): string {
  return 'agent' in request ? request.agent.namespace : request.namespace;
}
