/**
 * Does a match of an EgressHTTPRoute take a call? Asked to allow, where only a clear yes counts, and to deny, where only a clear
 * no does. Pure; linear in what the agent sends.
 */
import type { HttpMatch } from '../../contract/index.ts';
import type { Call } from '../call.ts';
import { isPlainPath } from '../path.ts';
import { judgeNamed, weakest, type Fit } from './named-value.ts';
import { compilePath, type PathPattern } from './path-pattern.ts';

type Purpose = 'allow' | 'deny';

export interface CompiledHttpMatch {
  readonly written: HttpMatch;
  /** undefined: every path. */
  readonly path: PathPattern | undefined;
  readonly methods: ReadonlySet<string>;
}

export function compileHttpMatch(written: HttpMatch): CompiledHttpMatch {
  const path = written.path && compilePath(written.path);
  return { written, path, methods: new Set(written.methods) };
}

/** As RFC 9110 9.1 has those that are known; servers differ in what they make of others. */
const methodText = /^[A-Z][A-Z-]*$/;

function judgeMethod({ methods }: CompiledHttpMatch, { method }: Pick<Call, 'method'>): Fit {
  if (methods.has(method)) return 'yes';
  if (methods.has('*')) return methodText.test(method) ? 'yes' : 'unclear';
  const upper = method.toUpperCase();
  // A server answers HEAD as it answers GET, and some do what GET does.
  return methods.has(upper) || (upper === 'HEAD' && methods.has('GET')) ? 'unclear' : 'no';
}

function judgePath({ path }: CompiledHttpMatch, { path: asked }: Call, purpose: Purpose): Fit {
  if (path === undefined || path.takes(asked)) return isPlainPath(asked) ? 'yes' : 'unclear';
  return purpose === 'deny' && (path.mayTake(asked) || !isPlainPath(asked)) ? 'unclear' : 'no';
}

/** Without blanks around it; no two parts of it can take the same blanks, so that it is linear. */
const mediaType =
  /^([a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+)(?:\s*;\s*[a-z0-9!#$&^_.+-]+=(?:[a-z0-9!#$&^_.+-]+|"[^"\\]*"))*(?:\s*;)?$/;

/** The one media type of a body; undefined: there is none, or not one only. */
function mediaTypeOf({ stated }: Call['head']): string | undefined {
  const [only, ...more] = stated.get('content-type') ?? [];
  return only === undefined || more.length > 0 ? undefined : mediaType.exec(only.value.toLowerCase())?.[1];
}

function judgeContentType({ contentTypes }: HttpMatch, { body, head }: Call): Fit {
  if (contentTypes.length === 0 || body.kind === 'none') return 'yes';
  const type = mediaTypeOf(head);
  if (type === undefined) return 'unclear';
  return contentTypes.includes(type) ? 'yes' : 'no';
}

/** A length that nobody has said is held to the bound as the body comes, so to allow it is enough. */
function judgeLength({ maxBodyBytes }: HttpMatch, { body, head }: Call, purpose: Purpose): Fit {
  if (maxBodyBytes === undefined || body.kind === 'none') return 'yes';
  if (head.bodyBytes === undefined) return purpose === 'allow' ? 'yes' : 'unclear';
  return head.bodyBytes <= maxBodyBytes ? 'yes' : 'no';
}

function judgeUpgrade({ webSocket }: HttpMatch, { upgrade, method }: Call): Fit {
  if (!upgrade) return 'yes';
  return webSocket && method === 'GET' ? 'yes' : 'unclear';
}

function judgeQuery({ queryParams }: HttpMatch, { head }: Call): Fit {
  if (queryParams.length === 0) return 'yes';
  const { parameters } = head;
  return parameters === undefined
    ? 'unclear'
    : weakest(queryParams.map((each) => judgeNamed(each, parameters)));
}

function judgeHeaders({ headers }: HttpMatch, { head }: Call): Fit {
  if (headers.length === 0) return 'yes';
  return weakest(headers.map((each) => judgeNamed(each, head.stated)));
}

function judge(match: CompiledHttpMatch, call: Call, purpose: Purpose): Fit {
  const { written } = match;
  // The cheap ones first: of many rules most are told by method and path.
  const method = judgeMethod(match, call);
  if (method === 'no' || (purpose === 'allow' && method === 'unclear')) return method;
  const path = judgePath(match, call, purpose);
  if (path === 'no') return 'no';
  return weakest([
    method,
    path,
    judgeUpgrade(written, call),
    judgeContentType(written, call),
    judgeLength(written, call, purpose),
    judgeQuery(written, call),
    judgeHeaders(written, call),
  ]);
}

function isEnough(fit: Fit, purpose: Purpose): boolean {
  return purpose === 'allow' ? fit === 'yes' : fit !== 'no';
}

export function takesHttp(match: CompiledHttpMatch, call: Call, purpose: Purpose): boolean {
  return isEnough(judge(match, call, purpose), purpose);
}

/** Of a call only its method is looked at: one that is not taken is not taken whatever else it says. */
export function takesMethod(match: CompiledHttpMatch, method: string, purpose: Purpose): boolean {
  return isEnough(judgeMethod(match, { method }), purpose);
}

/** The longest body that one of the matches which take the call lets through; undefined: any. */
export function bodyLimitOf(
  rule: { readonly http: readonly CompiledHttpMatch[] } | undefined,
  call: Call,
): number | undefined {
  const matches = rule?.http ?? [];
  if (matches.every(({ written }) => written.maxBodyBytes === undefined)) return undefined;
  const limits = matches
    .filter((match) => takesHttp(match, call, 'allow'))
    .map(({ written }) => written.maxBodyBytes ?? Infinity);
  const most = Math.max(0, ...limits);
  return limits.length === 0 || most === Infinity ? undefined : most;
}
