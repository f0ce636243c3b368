/**
 * `clrk reach --live`: do gateways and pools run the policy that the manifests say? Compared is a digest that each replica computes
 * from the document it runs, and where one differs, the document itself says which calls do. What could not be seen is no verdict.
 */
import { ClrkError, gatewayPolicyDigest, poolPolicyDigest } from '../../contract/index.ts';
import {
  diffReach,
  standingSentences,
  type GatewayDocument,
  type PoolDocument,
  type ReachChange,
  type ReachDocuments,
} from '../../policy/index.ts';
import { renderHolder, type Holder, type LiveCluster, type LiveHolder } from './live-cluster.ts';
import { compiledHolders, digestOf, keyOf, sidesOf, type Compiled, type Running } from './live-comparison.ts';
import type { ManifestSets } from './manifest-sets.ts';
import { undecided, UndecidedError } from './undecided.ts';

export interface LiveAnswer {
  /** Gateways and pools that were asked about. */
  readonly seen: readonly string[];
  /** Those of the manifests that run another policy than these say. */
  readonly differing: readonly string[];
  /** Added is what runs and is not in the manifests. */
  readonly changes: readonly ReachChange[];
  /** What persons allow there now, one sentence each: manifests that ask leave it to them, so that it is no difference. */
  readonly standing: readonly string[];
}

/** What kept a cluster from answering keeps us from a verdict. */
export function asUndecided(error: unknown): unknown {
  if (!(error instanceof ClrkError) || error instanceof UndecidedError) return error;
  const hint = error.hint ?? 'Name a cluster with --kubeconfig or --context.';
  return undecided(error.code, [error.message], hint);
}

/** The one set that is applied to the cluster. */
export function soleSet({ sets }: ManifestSets): ReachDocuments {
  const [only, ...more] = sets;
  if (only === undefined) return { gateways: [], pools: [] };
  if (more.length === 0) return only.documents;
  const why = `there are ${sets.length} sets of manifests: ${sets.map(({ label }) => label || '.').join(', ')}`;
  throw undecided('LIVE_AMBIGUOUS', [why], 'Name the one folder that is applied to this cluster.');
}

interface Differing {
  readonly holder: Holder;
  readonly digest: string;
  /** False: the manifests do not have it, which matters where agents reach something by it. */
  readonly isOurs: boolean;
}

class LiveQuestion {
  readonly #live: LiveCluster;
  readonly #git: ReachDocuments;
  readonly #problems: string[] = [];

  constructor(live: LiveCluster, git: ReachDocuments) {
    this.#live = live;
    this.#git = git;
  }

  #settle(): void {
    if (this.#problems.length === 0) return;
    throw undecided(
      'LIVE_UNSEEN',
      this.#problems,
      'Ask again when the platform is up and no rollout is under way; docs/reach.md names the rights it takes.',
    );
  }

  /** Every gateway and pool of the namespaces that the manifests are about. */
  async #holders(compiled: Iterable<Compiled>): Promise<ReadonlyMap<string, LiveHolder>> {
    const namespaces = new Set([...compiled].map(({ holder }) => holder.namespace));
    const found = new Map<string, LiveHolder>();
    for (const namespace of namespaces) {
      for (const kind of ['EgressGateway', 'WorkerPool'] as const) {
        for (const holder of await this.#live.holders(kind, namespace)) found.set(keyOf(holder), holder);
      }
    }
    return found;
  }

  #differs(holder: LiveHolder, compiled: Compiled | undefined): Differing[] {
    const told = digestOf(holder);
    if (told === undefined) return [];
    if ('problem' in told) this.#problems.push(told.problem);
    else if (told.digest !== compiled?.digest) {
      return [{ holder, digest: told.digest, isOurs: compiled !== undefined }];
    }
    return [];
  }

  /** What runs another policy, of the namespaces that the manifests are about. */
  async compare(): Promise<{ readonly seen: readonly string[]; readonly differing: readonly Differing[] }> {
    const compiled = new Map(compiledHolders(this.#git).map((each) => [keyOf(each.holder), each]));
    const found = await this.#holders(compiled.values());
    const gone = [...compiled.values()].filter(({ holder }) => !found.has(keyOf(holder)));
    this.#problems.push(...gone.map(({ holder }) => `${renderHolder(holder)} is not in the cluster`));
    const differing = [...found].flatMap(([key, holder]) => this.#differs(holder, compiled.get(key)));
    if (!(await this.#live.operatorLives())) {
      this.#problems.push('the operator does not renew its lease: what statuses say of gateways may be old');
    }
    this.#settle();
    return { seen: [...found.values()].map(renderHolder), differing };
  }

  async #read<T>(
    { holder, digest }: Differing,
    read: (holder: Holder) => Promise<T>,
    digestOfDocument: (document: T) => string,
  ): Promise<T | undefined> {
    try {
      const document = await read(holder);
      if (digestOfDocument(document) === digest) return document;
      this.#problems.push(`${renderHolder(holder)} took another policy while it was read`);
    } catch (error) {
      if (!(error instanceof ClrkError) || error.code !== 'LIVE_UNSEEN') throw error;
      this.#problems.push(error.message);
    }
    return undefined;
  }

  async #running(differing: readonly Differing[]): Promise<Running> {
    const gateways = new Map<string, GatewayDocument>();
    const pools = new Map<string, PoolDocument>();
    for (const each of differing) {
      const { kind } = each.holder;
      switch (kind) {
        case 'EgressGateway': {
          const read = (holder: Holder) => this.#live.gatewayDocument(holder);
          const document = await this.#read(each, read, gatewayPolicyDigest);
          if (document !== undefined) gateways.set(keyOf(each.holder), document);
          break;
        }
        case 'WorkerPool': {
          const read = (holder: Holder) => this.#live.poolDocument(holder);
          const document = await this.#read(each, read, poolPolicyDigest);
          if (document !== undefined) pools.set(keyOf(each.holder), document);
          break;
        }
        default:
          kind satisfies never;
      }
    }
    this.#settle();
    return { gateways, pools };
  }

  /** `platformGiven`: the manifests were compiled with ranges that the caller named. */
  async changes(
    differing: readonly Differing[],
    platformGiven: boolean,
  ): Promise<Pick<LiveAnswer, 'changes' | 'standing'>> {
    const { standing } = this.#git;
    if (differing.length === 0) return { changes: [], standing: standingSentences(this.#git) };
    const { before, after } = sidesOf(this.#git, await this.#running(differing), platformGiven);
    const runs = standing === undefined ? after : { ...after, standing };
    return { changes: diffReach(before, after), standing: standingSentences(runs) };
  }
}

/** @throws UndecidedError when something could not be seen */
export async function compareLive(
  live: LiveCluster,
  git: ReachDocuments,
  platformGiven: boolean,
): Promise<LiveAnswer> {
  const question = new LiveQuestion(live, git);
  const { seen, differing } = await question.compare();
  return {
    seen,
    differing: differing.filter(({ isOurs }) => isOurs).map(({ holder }) => renderHolder(holder)),
    ...(await question.changes(differing, platformGiven)),
  };
}
