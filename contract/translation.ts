/**
 * Which Backends a rule of an AIProviderRoute names for nothing: gateways do not translate, so a Backend gets calls of its own API
 * alone. Asked by statuses, rules, reach and nobody on the way of a call, where such a Backend simply is no candidate. Pure.
 */
import { notEnforced } from './capability.ts';

export interface SchemaOfBackend {
  readonly name: string;
  /** The API it speaks. */
  readonly schema: string;
}

/** Those that speak the API of none of the rule's matches. A match of `custom` is about the hosts of the Backends themselves. */
export function untranslated<B extends SchemaOfBackend>(
  providers: readonly string[],
  backends: readonly B[],
): B[] {
  if (providers.length === 0 || providers.includes('custom')) return [];
  return backends.filter(({ schema }) => !providers.includes(schema));
}

/** As a sentence without its end. */
export function renderUntranslated({ name, schema }: SchemaOfBackend): string {
  return `Backend ${name} (${schema}) gets none of the calls to the providers of its rule, only those to its own host: ${notEnforced.Translation.message}`;
}
