/** Calls in words: one as a person could make it, and many as the parts of rules that take them. Pure. */
import {
  compileMatch,
  computeModel,
  operationOf,
  type Call,
  type Clause,
  type OpenPlan,
  type RpcMessage,
} from '../../decision/index.ts';
import { exitsOf } from './answer.ts';
import { resultOf } from './describe.ts';
import { quote } from './phrases.ts';
import { renderHttpScope, renderScope } from './words.ts';

function renderMessage({ method = 'an answer', params }: RpcMessage): string {
  const [name, uri] = [params['name'], params['uri']];
  if (method === 'tools/call' && typeof name === 'string') return `tool ${quote(name)}`;
  return typeof uri === 'string' ? `${quote(method)} of ${quote(uri)}` : quote(method);
}

/** What of a call beyond its line a rule may be about. */
function renderHead({ head, body }: Call): string {
  const { fields, bodyBytes } = head;
  const length = bodyBytes === undefined ? 'a body of any length' : `a body of ${bodyBytes} bytes`;
  const parts = [
    ...fields.map(({ name, value }) => `header ${quote(`${name}: ${value}`)}`),
    // One byte, and none where a model stands for the body, is any body that no rule measures.
    ...(body.kind === 'none' || bodyBytes === 0 || bodyBytes === 1 ? [] : [length]),
  ];
  return parts.length === 0 ? '' : ` with ${parts.join(', ')}`;
}

export function renderCall(call: Call): string {
  const { method, path, upgrade, body, head } = call;
  if (body.kind === 'rpc') return body.rpc.messages.map(renderMessage).join(', ');
  const what = `${quote(`${upgrade ? 'WebSocket' : method} ${path}${head.query}`)}${renderHead(call)}`;
  return body.kind === 'inference' && body.model !== undefined
    ? `${what} with model ${quote(body.model)}`
    : what;
}

/** The call that is the quickest to tell. */
export function shortest(calls: readonly Call[]): Call | undefined {
  const rank = (call: Call): number => renderCall(call).length + (call.method === 'PUT' ? 1_000 : 0);
  return [...calls].sort((a, b) => rank(a) - rank(b))[0];
}

interface Atom {
  readonly text: string;
  readonly clause: Clause;
}

/** A clause as single globs: at most one of a model and one of an endpoint each. */
function atomsOf(clause: Clause): Atom[] {
  const singles = (texts: readonly string[]): string[][] =>
    texts.length === 0 ? [[]] : texts.map((text) => [text]);
  const ofHttp = clause.http.map((match) => ({
    text: renderHttpScope(match.written),
    clause: { ...clause, http: [match] },
  }));
  const ofModels = clause.matches.flatMap((match) =>
    singles(match.models.texts).flatMap((models) =>
      singles(match.endpoints.texts).map((endpoints) => ({
        text: renderScope({ models, endpoints }),
        clause: { ...clause, matches: [compileMatch({ models, endpoints }, clause.purpose)] },
      })),
    ),
  );
  return [...ofHttp, ...ofModels];
}

/** A socket that is opened is of no model: each of its messages names one, and is a call of its own. */
function isOfModel({ matches, operations }: Clause, call: Call): boolean {
  const namesModels = matches.some(({ models }) => models.texts.length > 0);
  return !namesModels || computeModel(call, operationOf(operations, call)).kind !== 'each';
}

/** `calls` as the globs of these clauses that take some of them; `others` are left out of what is said to be taken whole. */
function renderByClauses(
  clauses: readonly Clause[],
  calls: readonly Call[],
  others: readonly Call[],
): string[] {
  const atoms = clauses.flatMap(atomsOf);
  const texts = atoms.flatMap(({ text, clause }) => {
    const takes = (call: Call): boolean => resultOf(clause, call) === 'yes';
    if (!calls.some(takes)) return [];
    return [others.some((call) => takes(call) && isOfModel(clause, call)) ? `some of ${text}` : text];
  });
  const whole = texts.filter((text) => !text.startsWith('some of '));
  return [...new Set(whole.length > 0 ? whole : texts)];
}

/** Calls that rules of a plan take. */
export function renderTaken(plan: OpenPlan, calls: readonly Call[], others: readonly Call[]): string {
  const texts = renderByClauses(plan.clauses, calls, others);
  const example = shortest(calls);
  const such = example === undefined ? '' : `for example ${renderCall(example)}`;
  return [texts.join(' or '), such].filter((text) => text !== '').join('; ');
}

/** Calls that denials of a plan refuse. */
export function renderDenied({ denials, clauses, otherwise }: OpenPlan, calls: readonly Call[]): string {
  const ways = exitsOf({ clauses, otherwise }).flatMap(({ way }) => way.denials);
  const all = [...denials, ...ways];
  const example = shortest(calls);
  const such = example === undefined ? '' : `for example ${renderCall(example)}`;
  return [renderByClauses(all, calls, []).join(' or '), such].filter((text) => text !== '').join('; ');
}
