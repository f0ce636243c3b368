/** Objects as JSON, YAML or names, in kubectl's shapes: one object as itself, several as a `List`. Pure. */
import { stringify } from 'yaml';

export interface KubernetesObject {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

/** Managed fields are noise to a person; kubectl leaves them out too. */
function withoutManagedFields(object: KubernetesObject): KubernetesObject {
  return {
    ...object,
    metadata: { ...object.metadata, managedFields: undefined } as KubernetesObject['metadata'],
  };
}

export function renderObjects(
  objects: readonly KubernetesObject[],
  format: 'json' | 'yaml',
  single: boolean,
): string {
  const items = objects.map(withoutManagedFields);
  const shown = single
    ? items[0]
    : { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items };
  if (format === 'json') return JSON.stringify(shown, null, 4);
  // Twice through JSON drops undefined members; YAML 1.1 quotes what old parsers take for booleans.
  return stringify(JSON.parse(JSON.stringify(shown)), {
    version: '1.1',
    aliasDuplicateObjects: false,
  }).trimEnd();
}
