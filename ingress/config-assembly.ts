/**
 * The settings and the shards of agents, put together as they come. Nothing is handed on before every one was read once: an
 * agent of a shard that is not here yet would be answered "there is no such agent". Pure.
 */
import {
  ingressShardCount,
  type IngressAgent,
  type IngressConfig,
  type IngressSettings,
  type IngressShard,
} from '../contract/index.ts';

export class ConfigAssembly {
  readonly #shards: Array<IngressShard | undefined> = Array.from({ length: ingressShardCount });
  #settings: IngressSettings | undefined;

  takeSettings(settings: IngressSettings): IngressConfig | undefined {
    this.#settings = settings;
    return this.#whole();
  }

  takeShard(shard: number, document: IngressShard): IngressConfig | undefined {
    this.#shards[shard] = document;
    return this.#whole();
  }

  /** By number, empty before the first. */
  get shardDigests(): string[] {
    return this.#shards.map((shard) => shard?.digest ?? '');
  }

  /** Why there is no config yet. */
  get missing(): string | undefined {
    if (this.#settings === undefined) return 'no config yet';
    const missing = this.#shards.filter((shard) => shard === undefined).length;
    return missing === 0 ? undefined : `${missing} of ${ingressShardCount} shards of agents not read yet`;
  }

  #whole(): IngressConfig | undefined {
    if (this.#settings === undefined || this.missing !== undefined) return undefined;
    const agents: readonly IngressAgent[] = this.#shards.flatMap((shard) => shard?.agents ?? []);
    return { ...this.#settings, agents };
  }
}
