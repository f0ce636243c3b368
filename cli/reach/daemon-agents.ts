/**
 * DaemonAgents as agents of reach. The compiler makes documents of TaskAgents; a DaemonAgent goes through it as a
 * TaskAgent of a name no TaskAgent can have, and gets its own name back in what comes out. Pure.
 */
import type { ReachDocuments } from '../../policy/index.ts';

interface AgentObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

// A capital letter and a colon: the API server takes neither in a name.
const mark = 'DaemonAgent:';
const markedId = /^TaskAgent\/([^/]+)\/DaemonAgent:(.*)$/s;

export function standIn<T extends AgentObject>(object: T): T {
  if (object.kind !== 'DaemonAgent') return object;
  return {
    ...object,
    kind: 'TaskAgent',
    metadata: { ...object.metadata, name: `${mark}${object.metadata.name}` },
  };
}

/** Ids are whole texts wherever they stand in a document. */
function restoreIds(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(markedId, 'DaemonAgent/$1/$2');
  if (Array.isArray(value)) return value.map(restoreIds);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, restoreIds(inner)]));
}

export function restoreDaemonAgents(documents: ReachDocuments): ReachDocuments {
  const { gateways, pools } = documents;
  const isMarked = pools.some((pool) => pool.agents.some(({ name }) => name.startsWith(mark)));
  if (!isMarked) return documents;
  const named = pools.map((pool) => ({
    ...pool,
    agents: pool.agents.map((agent) =>
      agent.name.startsWith(mark)
        ? { ...agent, kind: 'DaemonAgent' as const, name: agent.name.slice(mark.length) }
        : agent,
    ),
  }));
  // The same documents with other texts in them.
  return restoreIds({ gateways, pools: named }) as ReachDocuments;
}
