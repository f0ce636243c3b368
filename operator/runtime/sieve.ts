/**
 * Between a watch and its cache: an object that is not what its kind says is set aside, so that no reader ever meets it and
 * only it is harmed. Apart from the caches because what is wrong must be told on the object itself. Judged once a version
 * of its spec, not once a reader.
 */
import { errorMessage } from '../../contract/index.ts';
import type { Cache } from './cache.ts';
import { keyOfObject, type KubeObject, type ObjectKey } from './object.ts';
import { resourceName, type Resource } from './resource.ts';
import type { CacheChange } from './watch-machine.ts';

export interface Misfit {
  readonly object: KubeObject;
  /** What to write instead, in words for people. */
  readonly problem: string;
  /** Taken in its place: of an object that only forbids, what can be read of it goes on forbidding. */
  readonly standIn?: KubeObject | undefined;
}

/** Undefined: the object is as its kind says. */
export type Judge = (resource: Resource, object: KubeObject) => Omit<Misfit, 'object'> | undefined;

export type MisfitListener = (resource: Resource, key: ObjectKey) => void;

interface Verdict {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly misfit: Omit<Misfit, 'object'> | undefined;
}

interface Sorted {
  readonly passed: CacheChange;
  readonly misfits: readonly ObjectKey[];
}

export class Sieve {
  readonly #judge: Judge;
  readonly #listeners: MisfitListener[] = [];
  /** By resource. */
  readonly #verdicts = new Map<string, Map<ObjectKey, Verdict>>();
  readonly #misfits = new Map<string, Map<ObjectKey, Misfit>>();

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  onMisfit(listener: MisfitListener): void {
    this.#listeners.push(listener);
  }

  misfit(resource: Resource, key: ObjectKey): Misfit | undefined {
    return this.#misfits.get(resourceName(resource))?.get(key);
  }

  /** What a watch of this kind brings goes through here into the cache. */
  before(resource: Resource, cache: Pick<Cache, 'change'>): Pick<Cache, 'change'> {
    return {
      change: (change) => {
        const { passed, misfits } = this.#sort(resource, change);
        cache.change(passed);
        for (const key of misfits) for (const listener of this.#listeners) listener(resource, key);
      },
    };
  }

  #sort(resource: Resource, change: CacheChange): Sorted {
    if (change.type === 'replace') return this.#sortAll(resource, change.objects);
    const { object } = change;
    if (change.type === 'delete') {
      this.#forget(resource, keyOfObject(object));
      return { passed: change, misfits: [] };
    }
    const kept = this.#take(resource, object);
    if (kept === object) return { passed: change, misfits: [] };
    const passed: CacheChange =
      kept === undefined ? { type: 'delete', object } : { type: 'upsert', object: kept };
    return { passed, misfits: [keyOfObject(object)] };
  }

  #sortAll(resource: Resource, all: readonly KubeObject[]): Sorted {
    const listed = new Set(all.map(keyOfObject));
    const verdicts = this.#mapOf(this.#verdicts, resource);
    const misfits = this.#mapOf(this.#misfits, resource);
    for (const key of [...verdicts.keys()].filter((each) => !listed.has(each))) verdicts.delete(key);
    misfits.clear();
    const objects = all.flatMap((object) => this.#take(resource, object) ?? []);
    return { passed: { type: 'replace', objects }, misfits: [...misfits.keys()] };
  }

  /** The object, what stands in for it, or undefined. */
  #take(resource: Resource, object: KubeObject): KubeObject | undefined {
    const key = keyOfObject(object);
    const misfit = this.#verdict(resource, key, object);
    if (misfit === undefined) {
      this.#misfits.get(resourceName(resource))?.delete(key);
      return object;
    }
    this.#mapOf(this.#misfits, resource).set(key, { ...misfit, object });
    return misfit.standIn === undefined ? undefined : { ...misfit.standIn, metadata: object.metadata ?? {} };
  }

  #verdict(resource: Resource, key: ObjectKey, object: KubeObject): Verdict['misfit'] {
    const { uid, generation } = object.metadata ?? {};
    const verdicts = this.#mapOf(this.#verdicts, resource);
    const known = verdicts.get(key);
    if (
      known !== undefined &&
      generation !== undefined &&
      known.uid === uid &&
      known.generation === generation
    ) {
      return known.misfit;
    }
    const misfit = this.#judged(resource, object);
    verdicts.set(key, { uid, generation, misfit });
    return misfit;
  }

  /** A judge that stumbles must not end the watch, which brings everybody's objects. */
  #judged(resource: Resource, object: KubeObject): Verdict['misfit'] {
    try {
      return this.#judge(resource, object);
    } catch (thrown) {
      return { problem: `it cannot be read: ${errorMessage(thrown)}` };
    }
  }

  #forget(resource: Resource, key: ObjectKey): void {
    this.#verdicts.get(resourceName(resource))?.delete(key);
    this.#misfits.get(resourceName(resource))?.delete(key);
  }

  #mapOf<V>(maps: Map<string, Map<ObjectKey, V>>, resource: Resource): Map<ObjectKey, V> {
    const name = resourceName(resource);
    const map = maps.get(name) ?? new Map<ObjectKey, V>();
    maps.set(name, map);
    return map;
  }
}
