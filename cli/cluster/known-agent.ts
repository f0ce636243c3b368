/**
 * Is there an agent of this name? Asked when nothing came of it, so that a typing error is not taken for silence. Records
 * outlive their agents: whoever found some does not ask.
 */
import { ClrkError, editDistance, type AgentKind } from '../../contract/index.ts';
import type { Cluster } from './cluster.ts';
import { ownGroup, ownVersion } from './discovery.ts';

const maxSuggestions = 3;

/** The names somebody may have meant, nearest first. */
export function nearestNames(name: string, known: readonly string[]): readonly string[] {
  const limit = Math.max(2, Math.floor(name.length / 3));
  return known
    .map((each) => ({ each, far: each.startsWith(name) ? 1 : editDistance(name, each) }))
    .filter(({ far }) => far <= limit)
    .sort((a, b) => a.far - b.far || (a.each < b.each ? -1 : 1))
    .slice(0, maxSuggestions)
    .map(({ each }) => each);
}

interface AgentList {
  readonly metadata?: { readonly continue?: string };
  readonly items?: ReadonlyArray<{ readonly metadata: { readonly name: string } }>;
}

async function mayExist(cluster: Cluster, path: string): Promise<boolean> {
  return await cluster.json({ path }).then(
    () => true,
    (thrown: unknown) => !(thrown instanceof ClrkError && thrown.code === 'NOT_FOUND'),
  );
}

async function hasObject(cluster: Cluster, path: string): Promise<boolean> {
  return await cluster.json({ path }).then(
    () => true,
    () => false,
  );
}

/** In paths of APIs. */
export const agentPlurals: Readonly<Record<AgentKind, string>> = {
  TaskAgent: 'taskagents',
  DaemonAgent: 'daemonagents',
};
const otherKind = { TaskAgent: 'DaemonAgent', DaemonAgent: 'TaskAgent' } as const;
const prefixes = { TaskAgent: '', DaemonAgent: 'da/' } as const;

/** Throws NOT_FOUND. */
export async function requireAgent(
  cluster: Cluster,
  name: string,
  kind: AgentKind = 'TaskAgent',
): Promise<void> {
  const { namespace } = cluster;
  const path = `/apis/${ownGroup}/${ownVersion}/namespaces/${encodeURIComponent(namespace)}/${agentPlurals[kind]}`;
  // Who may read records and not agents is told that there are none, as before.
  const answer = await cluster.json({ path, query: { limit: '500' } }).catch(() => undefined);
  const { items, metadata } = (answer ?? {}) as AgentList;
  const known = items?.map((agent) => agent.metadata.name);
  if (known === undefined || known.includes(name)) return;
  // There are more than were listed.
  const isCut = (metadata?.continue ?? '') !== '';
  if (isCut && (await mayExist(cluster, `${path}/${encodeURIComponent(name)}`))) return;
  const hint = await hintOf(cluster, { name, kind, known });
  throw new ClrkError('NOT_FOUND', `there is no ${kind} "${name}" in namespace ${namespace}`, {
    hint: `${hint}List them with \`clrk get ${agentPlurals[kind]} -n ${namespace}\`.`,
  });
}

interface Missing {
  readonly name: string;
  readonly kind: AgentKind;
  readonly known: readonly string[];
}

/** What may have been meant: one of the other kind, or of nearly that name. */
async function hintOf(cluster: Cluster, { name, kind, known }: Missing): Promise<string> {
  const other = otherKind[kind];
  const path = `/apis/${ownGroup}/${ownVersion}/namespaces/${encodeURIComponent(cluster.namespace)}/${agentPlurals[other]}`;
  const isOther = await hasObject(cluster, `${path}/${encodeURIComponent(name)}`);
  const near = isOther ? [`${prefixes[other]}${name}`] : nearestNames(name, known);
  return near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `;
}
