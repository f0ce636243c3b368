/**
 * Does a rule of an AIProviderRoute or an EgressHTTPRoute, as it stands at one destination, take a call? Asked to allow and to
 * deny, and what cannot be read is decided against the call both times. Pure.
 */
import type { ProviderRule } from '../contract/index.ts';
import type { Call } from './call.ts';
import { takesHttp, type CompiledHttpMatch } from './http/match.ts';
import { openingGlobs, restrictingGlobs, type GlobList } from './glob.ts';
import { isReading, type Operation, type OperationTable } from './operation/index.ts';
import { isPlainPath, withoutEndSlash } from './path.ts';

export type Purpose = 'allow' | 'deny';

/** What a call's model is, as its operation and what was read of its body tell. */
export type ModelFact =
  | { readonly kind: 'named'; readonly model: string }
  /** The operation runs no model. */
  | { readonly kind: 'none' }
  /** A WebSocket each of whose messages names its own and is judged by itself. */
  | { readonly kind: 'each' }
  /** The body has to be read first. */
  | { readonly kind: 'unread' }
  /** It may run any model. */
  | { readonly kind: 'unknown' };

export function computeModel(call: Call, operation: Operation | undefined): ModelFact {
  if (operation === undefined) return { kind: isBareReading(call) ? 'none' : 'unknown' };
  const { model } = operation;
  switch (model.from) {
    case 'nothing':
      return { kind: 'none' };
    case 'path':
      return { kind: 'named', model: model.model };
    case 'body':
    case 'form':
      return modelOfBody(call);
    case 'messages':
      return modelOfMessages(call);
    case 'session':
      return { kind: 'unknown' };
    default:
      return model satisfies never;
  }
}

/** Where some routers look for the model before they look into the body. */
const modelParameters: ReadonlySet<string> = new Set(['model', 'models', 'engine', 'deployment']);

function namesModelInQuery({ queryNames }: Call): boolean {
  return queryNames.some((name) => modelParameters.has(name.toLowerCase()));
}

/** It asks for something and says nothing by which a server could run a model: on a path nobody lists, a body may name one. */
function isBareReading(call: Call): boolean {
  const { method, upgrade, body } = call;
  return isReading(method) && !upgrade && body.kind === 'none' && !namesModelInQuery(call);
}

function modelOfMessages(call: Call): ModelFact {
  if (call.message === true) return modelOfBody(call);
  if (namesModelInQuery(call) || call.body.kind !== 'none') return { kind: 'unknown' };
  return { kind: 'each' };
}

function modelOfBody(call: Call): ModelFact {
  const { body } = call;
  if (namesModelInQuery(call)) return { kind: 'unknown' };
  if (body.kind === 'unread' || body.kind === 'held') return { kind: 'unread' };
  const model = body.kind === 'inference' ? body.model : undefined;
  return model === undefined ? { kind: 'unknown' } : { kind: 'named', model };
}

/** `unread`: ask again with the body. `unknown`: nobody will ever know. */
export type MatchResult = 'yes' | 'no' | 'unread' | 'unknown';

export interface CallMatch {
  /** Empty: every model, also calls without one. */
  readonly models: GlobList;
  /** Globs of canonical paths; empty: every path. */
  readonly endpoints: GlobList;
}

/** The matches of one rule that concern a destination. */
export interface Clause {
  readonly purpose: Purpose;
  /** By model and endpoint. */
  readonly matches: readonly CallMatch[];
  /** By what HTTP says of a call; of a rule one of both lists is empty. */
  readonly http: readonly CompiledHttpMatch[];
  /** The API its calls are read as: a provider or a Backend's schema. */
  readonly schema: string | undefined;
  readonly operations: OperationTable;
}

type RuleMatch = ProviderRule['matches'][number];

/** What a denial names, it names with a slash at the end and without. */
function deniedEndpoints(texts: readonly string[]): GlobList {
  const written = restrictingGlobs(texts);
  const ended = restrictingGlobs(texts.map(withoutEndSlash));
  return { texts, takes: (path) => written.takes(path) || ended.takes(withoutEndSlash(path)) };
}

export function compileMatch(
  { models, endpoints }: Pick<RuleMatch, 'models' | 'endpoints'>,
  purpose: Purpose,
): CallMatch {
  return purpose === 'allow'
    ? { models: openingGlobs(models), endpoints: openingGlobs(endpoints) }
    : { models: restrictingGlobs(models), endpoints: deniedEndpoints(endpoints) };
}

function takesPath({ endpoints }: CallMatch, path: string, purpose: Purpose): boolean {
  if (endpoints.texts.length === 0) return true;
  return isPlainPath(path) ? endpoints.takes(path) : purpose === 'deny';
}

function takesModel({ models }: CallMatch, fact: ModelFact, purpose: Purpose): MatchResult {
  if (models.texts.length === 0) return 'yes';
  switch (fact.kind) {
    case 'named':
      return models.takes(fact.model) ? 'yes' : 'no';
    case 'none':
      return 'no';
    case 'each':
      return purpose === 'deny' ? 'no' : 'yes';
    case 'unread':
      return 'unread';
    case 'unknown':
      return purpose === 'deny' ? 'yes' : 'unknown';
    default:
      return fact satisfies never;
  }
}

const order: readonly MatchResult[] = ['yes', 'unread', 'unknown', 'no'];

/** The strongest answer among its matches. */
export function matchClause({ matches, http, purpose }: Clause, call: Call, fact: ModelFact): MatchResult {
  if (http.some((match) => takesHttp(match, call, purpose))) return 'yes';
  const results = matches
    .filter((match) => takesPath(match, call.path, purpose))
    .map((match) => takesModel(match, fact, purpose));
  return order.find((result) => results.includes(result)) ?? 'no';
}
