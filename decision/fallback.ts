/**
 * What a FallbackRoutingPolicy says of one call: whether it may go to more than one Backend, and after what the next one is tried.
 * Pure. It never lets a call be sent twice that could change something at two places.
 */
import type { RouteFallback } from '../contract/index.ts';
import type { Call } from './call.ts';
import type { Operation } from './operation/index.ts';

/** How one try at a Backend ended without an answer for the agent. */
export type TryEnd = { readonly kind: 'answer'; readonly status: number } | { readonly kind: 'fault' };

/**
 * What runs a model is the same wherever it runs. Files, batches, stored answers and open sockets are at one provider: calls about
 * them go to the first Backend that can take them, or a spare one would say that they do not exist.
 */
export function mayGoElsewhere(
  { upgrade }: Pick<Call, 'upgrade'>,
  operation: Operation | undefined,
): boolean {
  return !upgrade && operation !== undefined && operation.model.from !== 'nothing';
}

/** Is the next Backend tried after this? */
export function isRetriable({ statuses }: RouteFallback, end: TryEnd): boolean {
  return end.kind === 'fault' || statuses.includes(end.status);
}
