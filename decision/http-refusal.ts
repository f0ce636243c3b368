/** What a call that no rule of an EgressHTTPRoute takes is answered: what it was, and what would pass. Pure. */
import type { HttpMatch } from '../contract/index.ts';
import { refuse, type Call, type Refusal } from './call.ts';
import { renderOpener } from './opener.ts';
import type { RouteClause } from './provider-clause.ts';

/** Enough to find the mistake; a policy of a thousand rules is not told in an answer. */
const maxTold = 6;

/** `GET, POST /repos/acme/**`. */
export function renderHttpMatch({ methods, path, webSocket }: HttpMatch): string {
  const names = methods.includes('*') ? 'any method' : methods.join(', ');
  const below = path?.type === 'PathPrefix' ? `${path.value} and below` : path?.value;
  return [names, below ?? 'any path', ...(webSocket ? ['(also as WebSocket)'] : [])].join(' ');
}

/** What of a match that fits by method and path the rest of the call does not fit. */
function missing(
  { queryParams, headers, contentTypes, maxBodyBytes, webSocket }: HttpMatch,
  call: Call,
): string {
  const wants = [
    ...queryParams.map(({ name }) => `query parameter ${name}`),
    ...headers.map(({ name }) => `header ${name}`),
    ...(contentTypes.length === 0 ? [] : [`a body of ${contentTypes.join(' or ')}`]),
    ...(maxBodyBytes === undefined ? [] : [`at most ${maxBodyBytes} bytes of body`]),
    ...(call.upgrade && !webSocket ? ['no upgrade'] : []),
  ];
  return wants.join(', ');
}

/** Undefined: no EgressHTTPRoute is about the host. */
export function refuseHttp(clauses: readonly RouteClause[], call: Call): Refusal | undefined {
  const own = clauses.filter(({ route }) => route.kind === 'EgressHTTPRoute');
  const [first] = own;
  if (first === undefined) return undefined;
  const what = `${call.method.slice(0, 32)} ${call.path.slice(0, 200)}`;
  const matches = own.slice(0, 64).flatMap(({ http }) => http);
  const near = matches.find(
    ({ written, path }) =>
      written.methods.includes(call.method) && (path === undefined || path.takes(call.path)),
  );
  const told = [...new Set(matches.slice(0, maxTold).map(({ written }) => renderHttpMatch(written)))];
  const more = matches.length > maxTold ? ', …' : '';
  const allows =
    near === undefined
      ? `allowed is ${told.join('; ').slice(0, 800)}${more}`
      : `${renderHttpMatch(near.written)} needs ${missing(near.written, call) || 'another form'}`;
  const message = `no rule of ${renderOpener(first.route)} takes ${what}: ${allows || 'nothing'}`;
  return { ...refuse(403, 'http_rule', message), code: 'HTTP_NOT_ALLOWED' };
}
