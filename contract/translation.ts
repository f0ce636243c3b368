/**
 * Which Backends a rule of an AIProviderRoute names for nothing: gateways translate conversations alone, so a Backend of another API
 * gets none of the calls of a rule that takes none. Asked by statuses, rules, reach and nobody on the way of a call, where such a
 * Backend simply is no candidate. Pure.
 */
import { notEnforced } from './capability.ts';

export interface SchemaOfBackend {
  readonly name: string;
  /** The API it speaks. */
  readonly schema: string;
}

export interface MatchOfRule {
  readonly provider: string;
  /** Path globs; empty: every path. */
  readonly endpoints?: readonly string[] | undefined;
}

/** Of the APIs whose conversations are translated; a glob may stand for one. */
const conversation =
  /[*?[]|\/(?:chat\/completions|responses|messages|converse|converse-stream)$|:(?:stream)?generatecontent$/i;

function mayBeTranslated({ endpoints = [] }: MatchOfRule): boolean {
  return endpoints.length === 0 || endpoints.some((endpoint) => conversation.test(endpoint));
}

/** Those that speak the API of none of the rule's matches, where none takes conversations. A match of `custom` is about the hosts of the Backends themselves. */
export function untranslated<B extends SchemaOfBackend>(
  matches: readonly MatchOfRule[],
  backends: readonly B[],
): B[] {
  const providers = matches.map(({ provider }) => provider);
  if (matches.length === 0 || providers.includes('custom') || matches.some(mayBeTranslated)) return [];
  return backends.filter(({ schema }) => !providers.includes(schema));
}

/** As a sentence without its end. */
export function renderUntranslated({ name, schema }: SchemaOfBackend): string {
  return `Backend ${name} (${schema}) gets none of the calls to the providers of its rule, only those to its own host: ${notEnforced.Translation.message}`;
}
