/** Which references can name a Backend at all (the namespace and kind belong to the name), and at which port it is. Pure. */
import { apiGroup } from './attachment.ts';

export interface BackendReference {
  readonly group?: string | undefined;
  readonly kind?: string | undefined;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** The host of a Backend of type Upstream, as it is written. */
export interface WrittenUpstream {
  readonly port?: number | undefined;
  readonly scheme?: string | undefined;
}

export const isPlainUpstream = ({ scheme }: WrittenUpstream): boolean => scheme === 'http';

export function portOfUpstream(upstream: WrittenUpstream): number {
  return upstream.port ?? (isPlainUpstream(upstream) ? 80 : 443);
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
