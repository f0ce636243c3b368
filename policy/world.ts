/**
 * The manifests as rules look at them: by kind and name, with the types of api/. Only objects that passed their schema
 * are handed out (that check is what makes the types true); the names of the others still count, so that one mistake is
 * told once and not again by everything that refers to it.
 */
import {
  apiGroup,
  type AIProviderRoute,
  type AgentSandboxRevision,
  type Approval,
  type Backend,
  type CLRKConfig,
  type CredentialInjectionPolicy,
  type DaemonAgent,
  type EgressDenyPolicy,
  type EgressGateway,
  type EgressHTTPRoute,
  type EgressL4Route,
  type FallbackRoutingPolicy,
  type LoggingPolicy,
  type MCPRoute,
  type RateLimitPolicy,
  type TaskAgent,
  type WorkerPool,
} from '../api/index.ts';
import { faultOfBackendRef, labelsOfNamespace, type BackendReference } from '../contract/index.ts';
import { isObject, type JsonObject } from './manifest/json.ts';
import type { Manifest } from './manifest/manifest.ts';

export interface Kinds {
  readonly AIProviderRoute: AIProviderRoute;
  readonly AgentSandboxRevision: AgentSandboxRevision;
  readonly Approval: Approval;
  readonly Backend: Backend;
  readonly CLRKConfig: CLRKConfig;
  readonly CredentialInjectionPolicy: CredentialInjectionPolicy;
  readonly DaemonAgent: DaemonAgent;
  readonly EgressDenyPolicy: EgressDenyPolicy;
  readonly EgressGateway: EgressGateway;
  readonly EgressHTTPRoute: EgressHTTPRoute;
  readonly EgressL4Route: EgressL4Route;
  readonly FallbackRoutingPolicy: FallbackRoutingPolicy;
  readonly LoggingPolicy: LoggingPolicy;
  readonly MCPRoute: MCPRoute;
  readonly RateLimitPolicy: RateLimitPolicy;
  readonly TaskAgent: TaskAgent;
  readonly WorkerPool: WorkerPool;
}
export type KindName = keyof Kinds;

/** An object that passed its schema, with that schema's defaults. */
export interface Item<K extends KindName = KindName> {
  readonly kind: K;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: Kinds[K]['spec'];
  readonly manifest: Manifest;
}

export interface Checked {
  readonly manifest: Manifest;
  /** The spec with defaults; undefined when the object is refused. */
  readonly spec: unknown;
}

/** Where objects without a namespace are applied, as far as references between them go. */
export const defaultNamespace = 'default';

export function namespaceOf({ namespace }: { readonly namespace?: string | undefined }): string {
  return namespace ?? defaultNamespace;
}

function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

export class World {
  readonly #own = new Map<string, Item[]>();
  readonly #all = new Map<string, Item[]>();
  readonly #byName = new Map<string, Item>();
  readonly #known = new Map<string, Manifest>();
  readonly #judged: Manifest[] = [];

  /** `own` is judged; `others` are there to be referred to. The first of a name counts. */
  constructor(own: Iterable<Checked>, others: Iterable<Checked> = []) {
    for (const checked of own) {
      this.#judged.push(checked.manifest);
      this.#add(checked, true);
    }
    for (const checked of others) this.#add(checked, false);
  }

  #add({ manifest, spec }: Checked, own: boolean): void {
    const { kind, name } = manifest;
    const namespace = namespaceOf(manifest);
    const key = keyOf(kind, kind === 'Namespace' ? '' : namespace, name);
    if (this.#known.has(key)) return;
    this.#known.set(key, manifest);
    if (spec === undefined || !manifest.apiVersion.startsWith(`${apiGroup}/`)) return;
    // True because the kind's schema accepted it (policy/schema).
    const item = { kind, namespace, name, labels: labelsOf(manifest.metadata), spec, manifest } as Item;
    this.#byName.set(key, item);
    push(this.#all, kind, item);
    if (own) push(this.#own, kind, item);
  }

  /** Every object to judge, of any group, as written: also those that their schema refused. */
  get manifests(): readonly Manifest[] {
    return this.#judged;
  }

  /** Those to judge. */
  own<K extends KindName>(kind: K): ReadonlyArray<Item<K>> {
    return (this.#own.get(kind) ?? []) as unknown as ReadonlyArray<Item<K>>;
  }

  /** Those to judge and those around them. */
  all<K extends KindName>(kind: K): ReadonlyArray<Item<K>> {
    return (this.#all.get(kind) ?? []) as unknown as ReadonlyArray<Item<K>>;
  }

  find<K extends KindName>(kind: K, namespace: string, name: string): Item<K> | undefined {
    return this.#byName.get(keyOf(kind, namespace, name)) as Item<K> | undefined;
  }

  /** Also true for an object that its schema refused, and for kinds of other groups. */
  has(kind: string, namespace: string, name: string): boolean {
    return this.#known.has(keyOf(kind, namespace, name));
  }

  /** As written; for kinds of other groups. */
  manifest(kind: string, namespace: string, name: string): Manifest | undefined {
    return this.#known.get(keyOf(kind, namespace, name));
  }

  /** Of a namespace that is not here: what the API server itself sets. */
  namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    const manifest = this.manifest('Namespace', '', namespace);
    return labelsOfNamespace(namespace, manifest && labelsOf(manifest.metadata));
  }
}

/** The Backend that a route of this namespace may send calls to by this reference. */
export function backendOf(
  world: World,
  namespace: string,
  ref: BackendReference,
): Item<'Backend'> | undefined {
  return faultOfBackendRef(ref, namespace) === undefined
    ? world.find('Backend', namespace, ref.name)
    : undefined;
}

function push(map: Map<string, Item[]>, kind: string, item: Item): void {
  const list = map.get(kind);
  if (list === undefined) map.set(kind, [item]);
  else list.push(item);
}

function labelsOf(metadata: JsonObject): Record<string, string> {
  const { labels } = metadata;
  if (!isObject(labels)) return {};
  return Object.fromEntries(
    Object.entries(labels).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}
