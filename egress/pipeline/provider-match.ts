/**
 * Does a rule of an AIProviderRoute name a call? Pure; asked to allow (route.ts) and to deny (deny.ts), and what cannot be
 * read is decided against the call both times.
 */
import type { ProviderRule } from '../../contract/index.ts';
import type { Call } from './call.ts';
import { isGlob, matchesGlob } from './glob.ts';
import { isPlainPath } from './identify.ts';

export type MatchResult = 'yes' | 'no' | 'unknown';
export type Purpose = 'allow' | 'deny';

function matchesProvider(provider: string, rule: ProviderRule, call: Call): boolean {
  if (provider === call.provider) return true;
  if (rule.backends.some((backend) => backend.host === call.peer.hostname && backend.port === call.peer.port))
    return true;
  return provider === 'custom' && call.provider === undefined;
}

function fits(globs: readonly string[], text: string, purpose: Purpose): boolean {
  return globs.some((glob) => matchesGlob(glob, text) || (purpose === 'deny' && !isGlob(glob)));
}

function fitsEndpoint(globs: readonly string[], path: string, purpose: Purpose): boolean {
  if (globs.length === 0) return true;
  return isPlainPath(path) ? fits(globs, path, purpose) : purpose === 'deny';
}

export function matchRule(rule: ProviderRule, call: Call, purpose: Purpose = 'allow'): MatchResult {
  let result: MatchResult = 'no';
  for (const match of rule.matches) {
    if (!matchesProvider(match.provider, rule, call)) continue;
    if (!fitsEndpoint(match.endpoints, call.path, purpose)) continue;
    if (match.models.length === 0) return 'yes';
    const { model } = call;
    if (model === undefined) result = 'unknown';
    else if (fits(match.models, model, purpose)) return 'yes';
  }
  return result;
}
