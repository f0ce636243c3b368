/** A Backend as a rule of a route names it: with its share, and its port there. */
import type { AIProviderRouteSpec } from '../api/index.ts';
import type { IBackend } from './backend.ts';
import { present, refuse, type CustomResource } from './custom-resource.ts';

/** A backend and its share. */
export interface WeightedBackend {
  /** Where calls go. */
  readonly backend: IBackend;
  /**
   * Its share of the calls, beside the other weights; 0 means none.
   *
   * @default 1
   */
  readonly weight?: number;
  /**
   * Its port, for calls of this rule.
   *
   * @default the Backend's own
   */
  readonly port?: number;
}

type BackendRefSpec = NonNullable<AIProviderRouteSpec['rules'][number]['backendRefs']>[number];

/** @internal */
export function backendRefOf(
  route: CustomResource,
  { backend, weight = 1, port }: WeightedBackend,
): BackendRefSpec {
  route.requireSameNamespace(backend, 'Backend', 'a route sends to Backends of its own namespace only');
  if (!Number.isInteger(weight) || weight < 0) refuse(route, `weight ${weight} is not a whole number`);
  return { name: backend.name, weight, ...present({ port }) };
}
