/** Reading an ObjectChange: the objects in it, and the owners of a child. */
import { keyOf, type KubeObject, type ObjectChange } from './runtime/index.ts';

export function changedObjects(change: ObjectChange): readonly KubeObject[] {
  const { before, after } = change;
  return [before, after].filter((object) => object !== undefined);
}

/** The owner's key when the object is a child of that kind. */
export function ownerKeys(kind: string, change: ObjectChange): readonly string[] {
  return changedObjects(change).flatMap((object) =>
    (object.metadata?.ownerReferences ?? [])
      .filter((owner) => owner.kind === kind)
      .map((owner) => keyOf(object.metadata?.namespace, owner.name)),
  );
}
