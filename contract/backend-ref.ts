/** Which references of an AIProviderRoute can name a Backend at all: the namespace and kind belong to the name. Pure. */
import { apiGroup } from './attachment.ts';

export interface BackendReference {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export type BackendRefFault = 'InvalidKind' | 'RefNotPermitted';

/** Undefined: it names the Backend of that name in the route's own namespace. */
export function faultOfBackendRef(
  { group = apiGroup, kind = 'Backend', namespace }: BackendReference,
  routeNamespace: string,
): BackendRefFault | undefined {
  if (group !== apiGroup || kind !== 'Backend') return 'InvalidKind';
  return namespace === undefined || namespace === routeNamespace ? undefined : 'RefNotPermitted';
}
