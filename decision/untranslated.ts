/**
 * Which Backends a rule of an AIProviderRoute names for nothing: gateways translate conversations alone, so a Backend of another API
 * gets none of the calls of a rule that takes none. Asked by statuses, rules, reach and nobody on the way of a call, where such a
 * Backend simply is no candidate. Which calls are translated is `translationOf`'s to say, of the operation tables' paths. Pure.
 */
import { notEnforced } from '../contract/index.ts';
import { compileGlob, type Glob } from './glob.ts';
import { operationTable } from './operation/index.ts';
import { pathSpaceOf, type PathTemplate } from './operation/path-space.ts';
import { translationOf } from './translation.ts';

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

/** Those that speak the API of none of the rule's matches, where none takes conversations. A match of `custom` is about the hosts of the Backends themselves. */
export function untranslated<B extends SchemaOfBackend>(
  matches: readonly MatchOfRule[],
  backends: readonly B[],
): B[] {
  const providers = matches.map(({ provider }) => provider);
  if (matches.length === 0 || providers.includes('custom')) return [];
  return backends.filter(
    (backend) =>
      !providers.includes(backend.schema) && !matches.some((match) => mayTranslate(match, backend)),
  );
}

function mayTranslate({ provider, endpoints = [] }: MatchOfRule, backend: SchemaOfBackend): boolean {
  const table = operationTable(provider);
  const isTranslated = (path: string): boolean =>
    translationOf({ isForeign: true, backend }, table('POST', path)) !== undefined;
  const { literals, templates } = pathSpaceOf(provider);
  return (
    endpoints.length === 0 ||
    endpoints.some((endpoint) => {
      if (!/[*?[\\]/.test(endpoint)) return isTranslated(endpoint);
      const glob = compileGlob(endpoint);
      if (glob === undefined) return false;
      return (
        literals.some((path) => glob.test(path) && isTranslated(path)) ||
        templates.some((template) => mayMeet(glob, template) && mayBeTranslated(template, isTranslated))
      );
    })
  );
}

/** May the glob take a path of the template? Where nobody can say it may. */
function mayMeet(glob: Glob, { before }: PathTemplate): boolean {
  let scan = glob.scan();
  for (const character of before) scan = scan.step(character);
  return scan.key !== '';
}

/** What follows may be any text: some of it is a conversation. */
function mayBeTranslated(
  { before, after, anyAfter }: PathTemplate,
  isTranslated: (path: string) => boolean,
): boolean {
  return anyAfter !== undefined || after.some((end) => isTranslated(`${before}m${end}`));
}

/** As a sentence without its end. */
export function renderUntranslated({ name, schema }: SchemaOfBackend): string {
  return `Backend ${name} (${schema}) gets none of the calls to the providers of its rule, only those to its own host: ${notEnforced.Translation.message}`;
}
