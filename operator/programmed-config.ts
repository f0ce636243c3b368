/**
 * What the configs last handed out say, kept in memory so that readiness can ask "does a live data plane run a config
 * in which this agent serves this revision?" without unpacking Secrets. Lost at restart and rebuilt by the first
 * reconcile of each pool and of the ingress.
 */
import type { IngressStatus, WorkerStatus } from '../contract/index.ts';

interface Handed {
  readonly digest: string;
  /** Serving revision by `namespace/agent`. */
  readonly serving: ReadonlyMap<string, string>;
}

// Digests a data plane may still report while a newer one is on its way.
const keep = 8;

export class ProgrammedConfigs {
  readonly #pools = new Map<string, readonly Handed[]>();
  #ingress: readonly Handed[] = [];

  recordPool(pool: string, handed: Handed): void {
    this.#pools.set(pool, remember(this.#pools.get(pool) ?? [], handed));
  }

  recordIngress(handed: Handed): void {
    this.#ingress = remember(this.#ingress, handed);
  }

  forgetPool(pool: string): void {
    this.#pools.delete(pool);
  }

  /** True when one of these workers runs a config that serves this revision of the agent. */
  workersServe(workers: readonly WorkerStatus[], pool: string, agent: string, revision: string): boolean {
    return serves(workers, this.#pools.get(pool) ?? [], agent, revision);
  }

  /** True when every one of these ingresses does, and there is one. */
  ingressServes(ingresses: readonly IngressStatus[], agent: string, revision: string): boolean {
    return ingresses.length > 0 && ingresses.every((each) => serves([each], this.#ingress, agent, revision));
  }
}

function remember(list: readonly Handed[], handed: Handed): readonly Handed[] {
  return [handed, ...list.filter((each) => each.digest !== handed.digest)].slice(0, keep);
}

function serves(
  reports: ReadonlyArray<{ readonly configDigest: string }>,
  handed: readonly Handed[],
  agent: string,
  revision: string,
): boolean {
  return reports.some((report) =>
    handed.some((each) => each.digest === report.configDigest && each.serving.get(agent) === revision),
  );
}
