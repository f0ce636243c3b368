/**
 * What the configs last handed out say, kept in memory so that readiness can ask "does a live data plane run a config
 * in which this agent serves this revision?" without unpacking Secrets, and which agents did not fit. Lost at restart and
 * rebuilt by the first reconcile of each pool and of the ingress.
 */
import { ingressShardOf, type IngressStatus, type WorkerStatus } from '../contract/index.ts';

interface Handed {
  readonly digest: string;
  /** Serving revision by `namespace/agent`. */
  readonly serving: ReadonlyMap<string, string>;
}

// Digests a data plane may still report while a newer one is on its way.
const keep = 8;

export class ProgrammedConfigs {
  readonly #pools = new Map<string, readonly Handed[]>();
  readonly #shards = new Map<number, readonly Handed[]>();
  /** Agents (`namespace/name`) that did not fit, by the document they were for (a pool's key, a shard's). */
  readonly #leftOut = new Map<string, ReadonlySet<string>>();
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

  recordLeftOut(document: string, agents: readonly string[]): void {
    const before = this.#leftOut.get(document) ?? new Set<string>();
    const after = new Set(agents);
    this.#leftOut.set(document, after);
    for (const agent of [...before].filter((each) => !after.has(each))) this.#onLeftOut(agent);
    for (const agent of agents.filter((each) => !before.has(each))) this.#onLeftOut(agent);
  }

  /** The document an agent did not fit into. */
  leftOutOf(agent: string): string | undefined {
    for (const [document, agents] of this.#leftOut) if (agents.has(agent)) return document;
    return undefined;
  }

  forgetPool(pool: string): void {
    this.#pools.delete(pool);
    this.recordLeftOut(pool, []);
    this.#leftOut.delete(pool);
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

/** Serving revisions by `namespace/agent`. */
export function servingOf(
  agents: ReadonlyArray<{
    readonly namespace: string;
    readonly name: string;
    readonly servingRevision?: string;
  }>,
): ReadonlyMap<string, string> {
  return new Map(
    agents.flatMap(({ namespace, name, servingRevision }) =>
      servingRevision === undefined ? [] : [[`${namespace}/${name}`, servingRevision] as const],
    ),
  );
}

function remember(list: readonly Handed[], handed: Handed): readonly Handed[] {
  return [handed, ...list.filter((each) => each.digest !== handed.digest)].slice(0, keep);
}

function serves(digest: string, handed: readonly Handed[], agent: string, revision: string): boolean {
  return handed.some((each) => each.digest === digest && each.serving.get(agent) === revision);
}
