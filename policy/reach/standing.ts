/**
 * What persons allowed an agent for a time: calls that need no answer now, of those that wait for one. An Approval whose rule does not
 * ask any more lets nothing pass, and is not told. Pure. Which of them are in force is decision's to say, and at which moment the caller's.
 */
import { parseHostname } from '../../contract/index.ts';
import { takesMethod, type OpenPlan, type RouteClause, type StandingAnswer } from '../../decision/index.ts';
import type { ReachAgent, ReachDocuments } from './documents.ts';
import { quote } from './phrases.ts';
import { spotsAt } from './spot.ts';

/** By agent, `TaskAgent/ns/name`; who has none is not in it. */
export type StandingAnswers = ReadonlyMap<string, readonly StandingAnswer[]>;

const upgraded = ' (WebSocket)';

/** Of what a person is shown cut, everything else counts: told is one way too many rather than one too few. */
function mayTake({ http, matches }: RouteClause, { call }: StandingAnswer): boolean {
  const { path, model, cut = false } = call;
  const method = call.method.endsWith(upgraded) ? call.method.slice(0, -upgraded.length) : call.method;
  const onPath = (takes: (path: string) => boolean): boolean => cut || path === undefined || takes(path);
  return (
    http.some(
      (match) => takesMethod(match, method, 'allow') && onPath((asked) => match.path?.takes(asked) ?? true),
    ) ||
    matches.some(
      ({ endpoints, models }) =>
        onPath((asked) => endpoints.texts.length === 0 || endpoints.takes(asked)) &&
        (cut || model === undefined || models.texts.length === 0 || models.takes(model)),
    )
  );
}

function asks(plan: OpenPlan, answer: StandingAnswer): boolean {
  const { route, call } = answer;
  const isIts = (other: { readonly namespace: string; readonly name: string }): boolean =>
    other.namespace === route.namespace && other.name === route.name;
  if (route.kind === 'EgressGateway') return plan.asking !== undefined && isIts(plan.asking);
  if (route.kind === 'MCPRoute') {
    const { tool = '' } = call;
    return (plan.mcp?.clauses ?? []).some(
      (clause) => isIts(clause.route) && clause.toolPolicies.some(({ confirmed }) => confirmed.takes(tool)),
    );
  }
  return plan.clauses.some(
    (clause) =>
      clause.asksPerson && clause.route.kind === route.kind && isIts(clause.route) && mayTake(clause, answer),
  );
}

function isAsked(agent: ReachAgent, answer: StandingAnswer): boolean {
  const { host, port } = answer.call;
  const hostname = parseHostname(host);
  const destination = hostname === undefined ? { ip: host, port } : { hostname, port };
  return spotsAt(agent, destination).some(
    ({ isRead, gateway, plan }) => isRead && gateway.id === answer.gateway && asks(plan, answer),
  );
}

/** Those of an agent by which a call passes. */
export function standingOf(
  agent: ReachAgent,
  { standing }: Pick<ReachDocuments, 'standing'>,
): StandingAnswer[] {
  const own = (standing?.get(agent.id) ?? []).filter((each) => isAsked(agent, each));
  return own.sort((a, b) => (standingWords(a) < standingWords(b) ? -1 : 1));
}

export function standingPlace({ call: { host, port } }: StandingAnswer): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Which calls. */
export function standingCall({ call }: StandingAnswer): string {
  const { method, path, model, tool, cut } = call;
  return [
    tool === undefined ? quote(method) : `tool ${quote(tool)}`,
    ...(path === undefined ? [] : [`on path ${quote(path)}`]),
    ...(model === undefined ? [] : [`for model ${quote(model)}`]),
    ...(cut === true ? ['told in part'] : []),
  ].join(' ');
}

/** By whom, and whose rule asks. */
export function standingOrigin({ by, approval, route, gateway }: StandingAnswer): string {
  const rule = quote(`${route.kind}/${route.namespace}/${route.name}`);
  return `allowed by ${quote(by)} in Approval ${quote(approval)}, asked by ${rule} of gateway ${quote(gateway)}`;
}

export function standingWords(answer: StandingAnswer): string {
  const place = quote(standingPlace(answer));
  return `without asking until ${quote(answer.until)} call ${standingCall(answer)} at ${place}: ${standingOrigin(answer)}`;
}

export interface StandingChange {
  readonly direction: 'added' | 'removed' | 'changed';
  readonly text: string;
}

/** What differs between two moments or sets: by the calls an answer is about, whichever Approval it is. */
export function standingChanges(
  before: readonly StandingAnswer[],
  after: readonly StandingAnswer[],
): StandingChange[] {
  const keyOf = ({ gateway, key }: StandingAnswer): string => `${gateway} ${key}`;
  const [old, now] = [before, after].map((all) => new Map(all.map((each) => [keyOf(each), each])));
  const kept = after.flatMap((each): StandingChange[] => {
    const was = old?.get(keyOf(each));
    if (was === undefined) return [{ direction: 'added', text: `may now ${standingWords(each)}` }];
    if (standingWords(was) === standingWords(each)) return [];
    return [
      {
        direction: 'changed',
        text: `may now ${standingWords(each)}; before until ${quote(was.until)}, ${standingOrigin(was)}`,
      },
    ];
  });
  const gone = before
    .filter((each) => now?.has(keyOf(each)) === false)
    .map((each) => ({ direction: 'removed' as const, text: `may no longer ${standingWords(each)}` }));
  return [...kept, ...gone];
}
