/**
 * What `clrk reach --live` asks a cluster, with the rights of who asks: since when objects are there, what gateways and pools say
 * they run, and the document in force of one that runs another policy than git. It changes nothing, and of a Secret it tells
 * names, never a value.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { Static, TSchema } from 'typebox';
import type { Approval } from '../../api/index.ts';
import {
  agentKinds,
  ClrkError,
  configSecretKey,
  configSecretName,
  errorMessage,
  gatewayConfigSchema,
  parseConfig,
  poolConfigSchema,
  type GatewayConfig,
  type PoolConfig,
} from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Discovery, ownGroup, ownVersion, resourcePath } from '../cluster/discovery.ts';
import { platformNamespace } from '../cluster/platform-namespace.ts';
import type { CompiledObject } from './compiled-object.ts';

export type HolderKind = 'EgressGateway' | 'WorkerPool';

/** A gateway or a pool: what holds policy. */
export interface Holder {
  readonly kind: HolderKind;
  readonly namespace: string;
  readonly name: string;
}

export interface LiveHolder extends Holder {
  /** Replicas that are ready, and those that are wanted. */
  readonly ready: number;
  readonly wanted: number;
  /** What replicas say they run, in their own words. */
  readonly running: ReadonlyArray<{ readonly policyDigest: string; readonly replicas: number }>;
}

interface LiveObject {
  readonly metadata: {
    readonly namespace?: string;
    readonly name?: string;
    readonly creationTimestamp?: string;
    readonly uid?: string;
  };
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly readyReplicas?: number; readonly running?: LiveHolder['running'] };
  readonly data?: Readonly<Record<string, string>>;
}

const leasePath = (namespace: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/clrk-operator`;
const pollMs = 500;
/** A lease is renewed every two seconds. */
const silentMs = 20_000;

export function renderHolder({ kind, namespace, name }: Holder): string {
  return `${kind} ${namespace}/${name}`;
}

const ageKey = (kind: string, namespace = '', name = ''): string => `${kind}/${namespace}/${name}`;

export class LiveCluster {
  readonly #cluster: Cluster;
  readonly #discovery: Discovery;
  readonly #signal: AbortSignal;

  constructor(cluster: Cluster, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#discovery = new Discovery(cluster);
    this.#signal = signal;
  }

  async #read(path: string): Promise<unknown> {
    return await this.#cluster.json({ path, signal: this.#signal });
  }

  async #list(kind: string, namespace: string): Promise<readonly LiveObject[]> {
    const resource = await this.#discovery.find(`${ownGroup}/${ownVersion}`, kind);
    if (resource === undefined) return [];
    const { items } = (await this.#read(resourcePath(resource, namespace))) as { items: LiveObject[] };
    return items;
  }

  /**
   * Gives objects the age they have in the cluster: of routes and policies the older comes first, which manifests cannot know.
   * One that the cluster does not have is the youngest.
   */
  async dating(objects: readonly CompiledObject[]): Promise<(object: CompiledObject) => CompiledObject> {
    const ages = new Map<string, string>();
    const own = objects.filter(({ apiVersion }) => apiVersion === `${ownGroup}/${ownVersion}`);
    const places = new Set(own.map(({ kind, metadata }) => JSON.stringify([kind, metadata.namespace])));
    for (const place of places) {
      const [kind, namespace] = JSON.parse(place) as [string, string];
      for (const { metadata } of await this.#list(kind, namespace)) {
        ages.set(ageKey(kind, namespace, metadata.name), metadata.creationTimestamp ?? '');
      }
    }
    return (object) => {
      const { kind, metadata } = object;
      const creationTimestamp = ages.get(ageKey(kind, metadata.namespace, metadata.name)) ?? '9999';
      return { ...object, metadata: { ...metadata, creationTimestamp } };
    };
  }

  /** Approvals of agents that are there now: one of an earlier agent of the name is about nobody. */
  async approvals(objects: readonly CompiledObject[]): Promise<CompiledObject[]> {
    const agents = objects.filter(({ kind }) => agentKinds.some((each) => each === kind));
    const namespaces = new Set(agents.map(({ metadata }) => metadata.namespace ?? ''));
    const found: CompiledObject[] = [];
    for (const namespace of namespaces) {
      const uids = new Map<string, string | undefined>();
      for (const kind of agentKinds) {
        for (const { metadata } of await this.#list(kind, namespace))
          uids.set(ageKey(kind, namespace, metadata.name), metadata.uid);
      }
      for (const { metadata, spec, status } of await this.#list('Approval', namespace)) {
        const { agent } = (spec as Approval['spec']).request;
        if (uids.get(ageKey(agent.kind, namespace, agent.name)) !== agent.uid) continue;
        const { name = '' } = metadata;
        const own = { apiVersion: `${ownGroup}/${ownVersion}`, kind: 'Approval' };
        found.push({ ...own, metadata: { ...metadata, name, namespace }, spec, status });
      }
    }
    return found;
  }

  /** All of a kind in a namespace. */
  async holders(kind: HolderKind, namespace: string): Promise<LiveHolder[]> {
    return (await this.#list(kind, namespace)).map(({ metadata, spec, status }) => ({
      ...{ kind, namespace, name: metadata.name ?? '' },
      ready: status?.readyReplicas ?? 0,
      wanted: spec?.replicas ?? 1,
      running: status?.running ?? [],
    }));
  }

  async #document<S extends TSchema>(schema: S, holder: Holder, secret: string): Promise<Static<S>> {
    const what = `Secret ${holder.namespace}/${secret}`;
    try {
      const path = `/api/v1/namespaces/${holder.namespace}/secrets/${secret}`;
      const { data } = (await this.#read(path)) as LiveObject;
      return parseConfig(schema, Buffer.from(data?.[configSecretKey] ?? '', 'base64'));
    } catch (error) {
      const why = errorMessage(error).split('\n')[0] ?? '';
      throw new ClrkError(
        'LIVE_UNSEEN',
        `what ${renderHolder(holder)} runs (${what}) cannot be read: ${why}`,
      );
    }
  }

  async gatewayDocument(holder: Holder): Promise<GatewayConfig> {
    return await this.#document(gatewayConfigSchema, holder, configSecretName.gateway(holder.name));
  }

  async poolDocument(holder: Holder): Promise<PoolConfig> {
    return await this.#document(poolConfigSchema, holder, configSecretName.pool(holder.name));
  }

  async #renewed(): Promise<string> {
    const { spec } = (await this.#read(leasePath(await platformNamespace(this.#cluster)))) as {
      readonly spec?: { readonly holderIdentity?: string; readonly renewTime?: string };
    };
    return `${spec?.holderIdentity ?? ''} ${spec?.renewTime ?? ''}`;
  }

  /**
   * What replicas say is in a status only while an operator writes it there. It lives when it renews its lease while we look:
   * the times in the lease are of a clock that is not ours.
   */
  async operatorLives(): Promise<boolean> {
    const first = await this.#renewed();
    for (let waitedMs = 0; waitedMs < silentMs; waitedMs += pollMs) {
      if ((await this.#renewed()) !== first) return true;
      await wait(pollMs, undefined, { signal: this.#signal });
    }
    return false;
  }
}
