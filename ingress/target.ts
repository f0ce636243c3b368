/**
 * Which agent a request is for. Pure. Three ways to say it: the path `/agents/<ns>/<agent>/…` (prefix stripped), the
 * Host `clrk-<agent>.<ns>[.svc[.cluster.local]]`, the header `X-Clrk-TaskAgent: <ns>/<name>`. Whoever says it more
 * than once must say the same: a disagreement is refused (400), so that no proxy in front and this one can read the
 * same request as two different agents.
 */
import { ClrkError } from '../contract/index.ts';

export interface Target {
  readonly namespace: string;
  readonly name: string;
  /** Path and query the agent sees; starts with `/`. */
  readonly path: string;
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

export interface TargetRequest {
  readonly url: string;
  readonly host: string | undefined;
  readonly taskAgentHeader: string | undefined;
}

const hint = 'Use /agents/<namespace>/<agent>/, the host clrk-<agent>.<namespace>, or X-Clrk-TaskAgent.';

// RFC 1123 label (namespaces, Services) and subdomain (object names).
const label = '[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?';
const subdomain = '[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?';
const pathPattern = new RegExp(`^/agents/(${label})/(${subdomain})(/[^?]*)?(\\?.*)?$`);
const hostPattern = new RegExp(
  `^clrk-(${label})\\.(${label})(?:\\.svc(?:\\.cluster\\.local)?)?\\.?(?::\\d{1,5})?$`,
);
const headerPattern = new RegExp(`^(${label})/(${subdomain})$`);

/** The ingress Service itself matches the agents' host pattern. */
const ownService = { namespace: 'clrk-system', name: 'ingress' };

function fromPath(url: string): (Named & { path: string }) | undefined {
  if (!/^\/agents(?:\/|\?|$)/.test(url)) return undefined;
  const match = pathPattern.exec(url);
  if (match === null) {
    throw new ClrkError('TARGET_INVALID', 'the path does not name an agent', { hint });
  }
  const [, namespace = '', name = '', rest = '/', query = ''] = match;
  return { namespace, name, path: `${rest}${query}` };
}

function fromHost(host: string | undefined): Named | undefined {
  const match = hostPattern.exec((host ?? '').toLowerCase());
  if (match === null) return undefined;
  const [, name = '', namespace = ''] = match;
  return name === ownService.name && namespace === ownService.namespace ? undefined : { namespace, name };
}

function fromHeader(value: string | undefined): Named | undefined {
  if (value === undefined) return undefined;
  const match = headerPattern.exec(value);
  if (match === null) {
    throw new ClrkError('TARGET_INVALID', 'X-Clrk-TaskAgent must be <namespace>/<name>', { hint });
  }
  return { namespace: match[1] ?? '', name: match[2] ?? '' };
}

/** Does Host or header name an agent? Then every path is that agent's. */
export function namesAgent({ host, taskAgentHeader }: Omit<TargetRequest, 'url'>): boolean {
  return taskAgentHeader !== undefined || fromHost(host) !== undefined;
}

/** Throws TARGET_MISSING, TARGET_INVALID or TARGET_CONFLICT. */
export function parseTarget(request: TargetRequest): Target {
  // The absolute form is for proxies; `*` is for OPTIONS of a server. Neither names an agent.
  if (!request.url.startsWith('/')) {
    throw new ClrkError('TARGET_INVALID', 'the request target must be a path', { hint });
  }
  const path = fromPath(request.url);
  const named = [path, fromHost(request.host), fromHeader(request.taskAgentHeader)].filter(
    (candidate) => candidate !== undefined,
  );
  const [first] = named;
  if (first === undefined) throw new ClrkError('TARGET_MISSING', 'the request names no agent', { hint });
  const { namespace, name } = first;
  if (named.some((other) => other.namespace !== namespace || other.name !== name)) {
    throw new ClrkError('TARGET_CONFLICT', 'path, Host and X-Clrk-TaskAgent name different agents', { hint });
  }
  return { namespace, name, path: path?.path ?? request.url };
}
