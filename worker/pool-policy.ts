/**
 * The config document in force, as the questions that are asked of it. Apart so that policy changes in one place and
 * at once; before the first document everything is refused. It holds no sockets, files or processes.
 */
import {
  agentId,
  digestOfDocument,
  factsOfKind,
  poolPolicyDigest,
  type PoolAgent,
  type PoolConfig,
  type PoolGateway,
} from '../contract/index.ts';
import type { WarmTarget } from './sandbox/warm-pool.ts';
import type { AdmittedImage } from './dispatch/admitted-image.ts';

/** A sandbox costs about 60 MB without its agent; the pool's own bound is the better one (0: this). */
const ownCapacity = 32;
/** The original's code cap; the documented one is half of the worker's capacity. */
const maxWarm = 16;
/** Of all agents together: with what runs, and what is being removed, there are network slots for no more. */
const maxWarmTotal = 64;
/** The most that one worker runs at once, whatever its pool says; the schema allows no more. */
export const maxExecutions = 256;

type ReadyImages = (
  namespace: string,
  revision: PoolConfig['agents'][number]['revisions'][number],
) => AdmittedImage | undefined;

function gatewaysByAgent(config: PoolConfig): Map<string, readonly PoolGateway[]> {
  const byId = new Map(config.gateways.map((gateway) => [gateway.id, gateway]));
  return new Map(
    config.agents.map((agent) => [
      agentId(agent),
      agent.gateways.flatMap((id) => {
        const gateway = byId.get(id);
        return gateway === undefined ? [] : [gateway];
      }),
    ]),
  );
}

export class PoolPolicy {
  #config: PoolConfig | undefined;
  #policyDigest: string | undefined;
  #gateways = new Map<string, readonly PoolGateway[]>();
  readonly #standbyPolicies = new Map<string, string>();

  replace(config: PoolConfig): void {
    this.#config = config;
    this.#policyDigest = undefined;
    this.#gateways = gatewaysByAgent(config);
    this.#standbyPolicies.clear();
  }

  get config(): PoolConfig | undefined {
    return this.#config;
  }

  get digest(): string {
    return this.#config?.digest ?? '';
  }

  /** Of what manifests decide in it; undefined before the first. */
  get policyDigest(): string | undefined {
    if (this.#config !== undefined) this.#policyDigest ??= poolPolicyDigest(this.#config);
    return this.#policyDigest;
  }

  get capacity(): number {
    const bound = this.#config?.maxExecutionsPerWorker ?? 0;
    return Math.min(maxExecutions, bound > 0 ? bound : ownCapacity);
  }

  gatewaysOf(id: string): readonly PoolGateway[] {
    return this.#gateways.get(id) ?? [];
  }

  /**
   * Digest of what this agent may reach, if it is started before its runs: it may have asked for names already, and what it was
   * told must be what its run is told. Addresses of the platform are left out, which no name leads to.
   */
  standbyPolicy(agent: PoolAgent): string | undefined {
    if (agent.standby === undefined) return undefined;
    const id = agentId(agent);
    const known = this.#standbyPolicies.get(id);
    if (known !== undefined) return known;
    const policy = digestOfDocument(
      this.gatewaysOf(id).map(({ id: gateway, destinations }) => ({
        gateway,
        opened: { ...destinations, platformCidrs: [] },
      })),
    );
    this.#standbyPolicies.set(id, policy);
    return policy;
  }

  /** What identity frames are signed with, and for which pool. */
  frameKey(): { readonly pool: string; readonly key: Uint8Array } | undefined {
    const config = this.#config;
    if (config === undefined) return undefined;
    return {
      pool: `${config.pool.namespace}/${config.pool.name}`,
      key: Buffer.from(config.frameKeyBase64, 'base64'),
    };
  }

  /** What should be warm now, of the agents whose images are here and whose gateways can be trusted. */
  warmTargets(ready: ReadyImages): readonly WarmTarget[] {
    let left = maxWarmTotal;
    return (this.#config?.agents ?? []).flatMap((agent): WarmTarget[] => {
      const revision = agent.revisions.find((each) => each.name === agent.servingRevision);
      const image = revision === undefined ? undefined : ready(agent.namespace, revision);
      const caPems = this.gatewaysOf(agentId(agent)).flatMap((gateway) => gateway.caPem ?? []);
      if (!factsOfKind(agent).warms || revision === undefined || image === undefined) return [];
      if (agent.warmPoolSize === 0 || caPems.length !== agent.gateways.length) return [];
      const size = Math.min(agent.warmPoolSize, maxWarm, Math.floor(this.capacity / 2), left);
      left -= size;
      if (size === 0) return [];
      const policy = this.standbyPolicy(agent);
      return [
        {
          revisionId: `${agent.namespace}/${revision.name}`,
          plan: { agent, revision, ...image, caPems, ...(policy === undefined ? {} : { policy }) },
          size,
          idleTtlMs: agent.warmPoolIdleTtlMs,
        },
      ];
    });
  }
}
