/** The Backends that a rule of a route names, as places to send to. A reference that cannot be resolved is left out. */
import {
  faultOfBackendRef,
  isPlainUpstream,
  portOfUpstream,
  type RouteBackend,
} from '../../contract/index.ts';
import { kinds, type AIProviderRoute, type Backend } from '../kind.ts';
import type { World } from '../runtime/index.ts';
import { isLive } from './order.ts';

export type BackendRef = NonNullable<AIProviderRoute['spec']['rules'][number]['backendRefs']>[number];

interface BackendRoute {
  readonly metadata: { readonly namespace: string };
  readonly spec: {
    readonly rules?: ReadonlyArray<{ readonly backendRefs?: readonly BackendRef[] | undefined }> | undefined;
  };
}

export type ResolvedBackend =
  | { readonly resolved: true; readonly backend: RouteBackend }
  | {
      readonly resolved: false;
      readonly reason: 'InvalidKind' | 'BackendNotFound' | 'RefNotPermitted' | 'UnsupportedBackend';
      readonly message: string;
    };

/** What a route asks of its Backends: `api` where calls of models go there, `place` where only the place matters. */
export type BackendUse = 'api' | 'place';

export function resolveBackend(
  world: World,
  route: BackendRoute,
  ref: BackendRef,
  use: BackendUse,
): ResolvedBackend {
  const fault = faultOf(ref, route);
  if (fault !== undefined) return fault;
  const backend = world.get(kinds.backend, route.metadata.namespace, ref.name);
  if (backend === undefined || !isLive(backend)) {
    return { resolved: false, reason: 'BackendNotFound', message: `Backend ${ref.name} does not exist` };
  }
  const missing = missingIn(backend, use);
  const place = placeOf(backend);
  if (missing !== undefined || place === undefined) {
    const message = `Backend ${ref.name} ${missing ?? 'is no place'}`;
    return { resolved: false, reason: 'UnsupportedBackend', message };
  }
  const at = { name: ref.name, weight: ref.weight ?? 1, ...place, port: ref.port ?? place.port };
  return { resolved: true, backend: { ...at, ...changesOf(backend, use) } };
}

function faultOf(ref: BackendRef, { metadata }: BackendRoute): UnresolvedBackend | undefined {
  const reason = faultOfBackendRef(ref, metadata.namespace);
  if (reason === undefined) return undefined;
  const message =
    reason === 'InvalidKind'
      ? `${ref.kind ?? ''} ${ref.name} is not a Backend`
      : `Backend ${ref.namespace ?? ''}/${ref.name} is in another namespace`;
  return { resolved: false, reason, message };
}

function missingIn({ spec }: Backend, use: BackendUse): string | undefined {
  if (spec.upstream === undefined) return `has no upstream (type ${spec.type ?? 'Upstream'})`;
  return use === 'api' && spec.schema === undefined
    ? 'names no schema, so no model is asked there'
    : undefined;
}

function placeOf({ spec: { upstream } }: Backend): Pick<RouteBackend, 'host' | 'port' | 'plain'> | undefined {
  if (upstream === undefined) return undefined;
  const plain = isPlainUpstream(upstream) ? { plain: true as const } : {};
  return { host: upstream.host.toLowerCase(), port: portOfUpstream(upstream), ...plain };
}

/** Only calls of models are changed. */
function changesOf(
  { spec }: Backend,
  use: BackendUse,
): Pick<RouteBackend, 'schema' | 'modelRewrites' | 'ensureStreamUsage'> {
  if (use === 'place') return { schema: '', modelRewrites: [], ensureStreamUsage: false };
  return {
    schema: spec.schema?.name ?? '',
    modelRewrites: (spec.modelRewrites ?? []).map(({ from, to }) => ({ from, to })),
    ensureStreamUsage: spec.bodyMutation?.ensureStreamUsage ?? false,
  };
}

export type UnresolvedBackend = Extract<ResolvedBackend, { resolved: false }>;

/** The references of all its rules that come to nothing. */
export function unresolvedBackends(world: World, route: BackendRoute, use: BackendUse): UnresolvedBackend[] {
  return (route.spec.rules ?? [])
    .flatMap(({ backendRefs = [] }) => backendRefs)
    .map((ref) => resolveBackend(world, route, ref, use))
    .filter((each) => !each.resolved);
}

/** Where a rule sends its calls; undefined: to where the agent sent them, for it names no Backend. */
export function placesOf(
  world: World,
  route: BackendRoute,
  { backendRefs = [] }: { readonly backendRefs?: readonly BackendRef[] | undefined },
): RouteBackend[] | undefined {
  if (backendRefs.length === 0) return undefined;
  return backendRefs.flatMap((ref) => {
    const resolved = resolveBackend(world, route, ref, 'place');
    return resolved.resolved ? [resolved.backend] : [];
  });
}
