/**
 * What a row of a Table carries of its object, for every kind of this API alike, so that a client which
 * asks for `includeObject` finds the same everywhere. Pure.
 */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export function metadataOnly(metadata: object): object {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

export interface RowObject {
  readonly metadata: object;
  /** Made when it is wanted. */
  readonly whole: () => object;
}

export function rowObject({ metadata, whole }: RowObject, include: IncludeObject): object | null {
  switch (include) {
    case 'None':
      return null;
    case 'Metadata':
      return metadataOnly(metadata);
    case 'Object':
      return whole();
  }
}
