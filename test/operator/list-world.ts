/** A World from plain objects, for tests of what is computed from it. */
import type { Kind, KubeObject, World } from '../../operator/runtime/index.ts';

export function worldOf(objects: readonly KubeObject[]): World {
  const sorted = [...objects].sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return {
    get: <T>(kind: Kind<T>, namespace: string | undefined, name: string): T | undefined =>
      sorted.find(
        (object) =>
          object.kind === kind.kind &&
          object.metadata?.name === name &&
          (object.metadata.namespace ?? '') === (namespace ?? ''),
      ) as T | undefined,
    list: <T>(kind: Kind<T>, namespace?: string): readonly T[] =>
      sorted.filter(
        (object) =>
          object.kind === kind.kind && (namespace === undefined || object.metadata?.namespace === namespace),
      ) as readonly unknown[] as readonly T[],
  };
}

function key(object: KubeObject): string {
  return `${object.kind ?? ''} ${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
}
