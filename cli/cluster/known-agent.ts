/**
 * Is there an agent of this name? Asked when nothing came of it, so that a typing error is not taken for silence. Records
 * outlive their agents: whoever found some does not ask.
 */
import { ClrkError, editDistance } from '../../contract/index.ts';
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

/** Throws NOT_FOUND. */
export async function requireAgent(cluster: Cluster, name: string): Promise<void> {
  const { namespace } = cluster;
  const path = `/apis/${ownGroup}/${ownVersion}/namespaces/${encodeURIComponent(namespace)}/taskagents`;
  // Who may read records and not agents is told that there are none, as before.
  const answer = await cluster.json({ path, query: { limit: '500' } }).catch(() => undefined);
  const { items, metadata } = (answer ?? {}) as AgentList;
  const known = items?.map((agent) => agent.metadata.name);
  if (known === undefined || known.includes(name)) return;
  // There are more than were listed.
  const isCut = (metadata?.continue ?? '') !== '';
  if (isCut && (await mayExist(cluster, `${path}/${encodeURIComponent(name)}`))) return;
  const near = nearestNames(name, known);
  const hint = near.length === 0 ? '' : `Did you mean ${near.join(' or ')}? `;
  throw new ClrkError('NOT_FOUND', `there is no TaskAgent "${name}" in namespace ${namespace}`, {
    hint: `${hint}List them with \`clrk get taskagents -n ${namespace}\`.`,
  });
}
