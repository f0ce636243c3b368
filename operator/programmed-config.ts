/**
 * What the configs last handed out say, kept in memory so that readiness can ask "does a live data plane run a config
 * in which this agent serves this revision?" without unpacking Secrets, and which agents did not fit. Lost at restart and
 * rebuilt by the first reconcile of each pool and of the ingress.
 */
import {
  factsOfKind,
  ingressShardOf,
  type AgentKind,
  type IngressStatus,
  type WorkerStatus,
} from '../contract/index.ts';

type Agents = ReadonlySet<string>;

/** What agents are compiled into: the config of a pool (`namespace/name`), or a shard of the ingress's. */
export type AgentsDocument =
  { readonly kind: 'pool'; readonly pool: string } | { readonly kind: 'shard'; readonly shard: number };

interface Handed {
  readonly digest: string;
  /** Serving revision by `namespace/agent`. */
  readonly serving: ReadonlyMap<string, string>;
}

// Digests a data plane may still report while a newer one is on its way.
const keep = 8;
const none: Agents = new Set();

export class ProgrammedConfigs {
  readonly #pools = new Map<string, readonly Handed[]>();
  readonly #shards = new Map<number, readonly Handed[]>();
  /** Agents (`namespace/name`) that did not fit, by `keyOf` the document they were for. */
  readonly #leftOut = new Map<string, { readonly document: AgentsDocument; readonly agents: Agents }>();
  #onLeftOut: (agent: string) => void = () => undefined;

  /** Told of each agent that no longer fits, or fits again. */
  onLeftOut(listener: (agent: string) => void): void {
    this.#onLeftOut = listener;
  }

  recordPool(pool: string, handed: Handed): void {
    this.#pools.set(pool, remember(this.#pools.get(pool) ?? [], handed));
  }

  recordShard(shard: number, handed: Handed): void {
    this.#shards.set(shard, remember(this.#shards.get(shard) ?? [], handed));
  }

  recordLeftOut(document: AgentsDocument, agents: readonly string[]): void {
    const key = keyOf(document);
    const before = this.#leftOut.get(key)?.agents ?? none;
    const after = new Set(agents);
    if (after.size > 0) this.#leftOut.set(key, { document, agents: after });
    else this.#leftOut.delete(key);
    for (const agent of [...before].filter((each) => !after.has(each))) this.#onLeftOut(agent);
    for (const agent of agents.filter((each) => !before.has(each))) this.#onLeftOut(agent);
  }

  /** The document an agent did not fit into. */
  leftOutOf(agent: string): AgentsDocument | undefined {
    for (const { document, agents } of this.#leftOut.values()) if (agents.has(agent)) return document;
    return undefined;
  }

  forgetPool(pool: string): void {
    this.#pools.delete(pool);
    this.recordLeftOut({ kind: 'pool', pool }, []);
  }

  /** True when one of these workers runs a config that serves this revision of the agent. */
  workersServe(workers: readonly WorkerStatus[], pool: string, agent: string, revision: string): boolean {
    const handed = this.#pools.get(pool) ?? [];
    return workers.some(({ configDigest }) => serves(configDigest, handed, agent, revision));
  }

  /** True when every one of these ingresses does, and there is one. */
  ingressServes(ingresses: readonly IngressStatus[], agent: string, revision: string): boolean {
    const shard = ingressShardOf(agent.slice(0, agent.indexOf('/')));
    const handed = this.#shards.get(shard) ?? [];
    return (
      ingresses.length > 0 &&
      ingresses.every(({ shardDigests }) => serves(shardDigests?.[shard] ?? '', handed, agent, revision))
    );
  }
}

/** Serving revisions by `namespace/agent`, of agents that take calls. */
export function servingOf(
  agents: ReadonlyArray<{
    readonly kind: AgentKind;
    readonly namespace: string;
    readonly name: string;
    readonly servingRevision?: string;
  }>,
): ReadonlyMap<string, string> {
  return new Map(
    agents
      .filter((agent) => factsOfKind(agent).takesCalls)
      .flatMap(({ namespace, name, servingRevision }) =>
        servingRevision === undefined ? [] : [[`${namespace}/${name}`, servingRevision] as const],
      ),
  );
}

function keyOf(document: AgentsDocument): string {
  return document.kind === 'pool' ? `pool ${document.pool}` : `shard ${document.shard}`;
}

function remember(list: readonly Handed[], handed: Handed): readonly Handed[] {
  return [handed, ...list.filter((each) => each.digest !== handed.digest)].slice(0, keep);
}

function serves(digest: string, handed: readonly Handed[], agent: string, revision: string): boolean {
  return handed.some((each) => each.digest === digest && each.serving.get(agent) === revision);
}
