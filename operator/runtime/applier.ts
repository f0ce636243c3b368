/**
 * Server-side apply with one field manager, and no write when nothing would change: the hash of what we last applied
 * travels as an annotation, and every field we want must be there with our value. Apart because "did anything
 * change" must be answered the same way by every controller, or two of them write for ever.
 */
import { LRUCache } from 'lru-cache';
import { canonicalJson, digestOf } from '../../contract/index.ts';
import { ApiError, type KubeApi } from './api-client.ts';
import { keyOfObject, type KubeObject } from './object.ts';
import { apiVersionOf, resourceName, type Resource } from './resource.ts';

/** Each forgotten costs one write. */
const maxSettled = 10_000;

export const appliedHashAnnotation = 'clrk.apoxy.dev/applied-hash';

/** True when `observed` has every field of `desired` with an equal value; lists must be equal in length. */
export function contains(observed: unknown, desired: unknown): boolean {
  if (desired === undefined) return true;
  if (Array.isArray(desired)) {
    return (
      Array.isArray(observed) &&
      observed.length === desired.length &&
      desired.every((item, index) => contains(observed[index], item))
    );
  }
  if (desired !== null && typeof desired === 'object') {
    if (observed === null || typeof observed !== 'object') return false;
    const fields = observed as Readonly<Record<string, unknown>>;
    return Object.entries(desired).every(([name, value]) => contains(fields[name], value));
  }
  return observed === desired;
}

/** `desired` with the hash of itself; Secrets hash too, SHA-256 of 32 random bytes and more gives nothing away. */
export function withAppliedHash(desired: KubeObject): { readonly object: KubeObject; readonly hash: string } {
  const hash = digestOf(canonicalJson(desired)).slice('sha256:'.length, 'sha256:'.length + 16);
  const annotations = { ...desired.metadata?.annotations, [appliedHashAnnotation]: hash };
  return { object: { ...desired, metadata: { ...desired.metadata, annotations } }, hash };
}

/** What is said in the status of every object, whichever controller writes it. */
export type CompleteStatus = (resource: Resource, object: KubeObject, status: object) => object;

export class Applier {
  readonly #api: KubeApi;
  readonly #fieldManager: string;
  readonly #complete: CompleteStatus;
  /** Objects whose observed form never equals what we send (the server rewrites quantities): hash and version then. */
  readonly #settled = new LRUCache<string, string>({ max: maxSettled });

  constructor(
    api: KubeApi,
    fieldManager: string,
    complete: CompleteStatus = (_resource, _object, status) => status,
  ) {
    this.#api = api;
    this.#fieldManager = fieldManager;
    this.#complete = complete;
  }

  /** Applies unless `observed` already is what we want; true when it wrote. */
  async apply(resource: Resource, desired: KubeObject, observed: KubeObject | undefined): Promise<boolean> {
    const { object, hash } = withAppliedHash(desired);
    if (observed !== undefined && this.#isCurrent(resource, object, observed, hash)) return false;
    const full = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    const written = await this.#api.apply(resource, full, { fieldManager: this.#fieldManager });
    const id = this.#id(resource, desired);
    if (contains(written, object)) this.#settled.delete(id);
    else this.#settled.set(id, settledMark(written, hash));
    return true;
  }

  /** Writes the whole status we own, unless it is already there. */
  async applyStatus(resource: Resource, object: KubeObject, own: object): Promise<boolean> {
    const status = this.#complete(resource, object, own);
    const observed = (object as { status?: unknown }).status;
    if (canonicalJson(observed ?? {}) === canonicalJson(status)) return false;
    const { name, namespace } = object.metadata ?? {};
    const full = {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { name: name ?? '', ...(namespace === undefined ? {} : { namespace }) },
      status,
    };
    const options = { fieldManager: `${this.#fieldManager}-status`, subresource: 'status' } as const;
    try {
      await this.#api.apply(resource, full, options);
    } catch (thrown) {
      // Deleted in the meantime: there is nothing left to have a status.
      if (thrown instanceof ApiError && thrown.status === 404) return false;
      throw thrown;
    }
    return true;
  }

  #isCurrent(resource: Resource, desired: KubeObject, observed: KubeObject, hash: string): boolean {
    if (observed.metadata?.deletionTimestamp !== undefined) return false;
    if (observed.metadata?.annotations?.[appliedHashAnnotation] !== hash) return false;
    if (contains(observed, desired)) return true;
    // Metadata is not rewritten, and a change of it moves no generation: only the rest may be taken for settled.
    if (!contains(observed.metadata, desired.metadata)) return false;
    return this.#settled.get(this.#id(resource, desired)) === settledMark(observed, hash);
  }

  #id(resource: Resource, object: KubeObject): string {
    return `${resourceName(resource)} ${keyOfObject(object)}`;
  }
}

/** Status writes move the version but not the generation; kinds without a generation have no status to speak of. */
function settledMark(object: KubeObject, hash: string): string {
  const { generation, resourceVersion, uid } = object.metadata ?? {};
  return `${uid ?? ''} ${generation ?? resourceVersion ?? ''} ${hash}`;
}
