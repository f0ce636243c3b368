/**
 * The decision about one call at one destination: a function of the plan and of what is known of the call. It answers once with
 * everything that follows, or says that the body is needed first. Pure; it must never let through what it could not read.
 */
import { asksOf, judgeAsks } from './asks.ts';
import { auditCall, type WouldDeny } from './audit.ts';
import { waitsAtBackend } from './backend-judgement.ts';
import { needOf, type BodyNeed } from './body-need.ts';
import { judgeBudget, type Budget } from './budget.ts';
import { countCall, joinCounts, type CallCount } from './call-limit.ts';
import { denyAnswer, refuse, type Call, type Refusal } from './call.ts';
import { computeModel, matchClause, type Clause, type MatchResult, type ModelFact } from './clause.ts';
import { goBy } from './course.ts';
import type { Common, Decision } from './decision.ts';
import type { DenialClause } from './denial.ts';
import { bodyLimitOf } from './http/match.ts';
import { refuseHttp } from './http-refusal.ts';
import { McpAnswers } from './mcp/answers.ts';
import { countOnce } from './mcp/input-state.ts';
import { joinedLogging, judgeMcp, type McpVerdict } from './mcp/judge.ts';
import { operationOf, operationTable, type Operation, type OperationTable } from './operation/index.ts';
import { judgeForm } from './form.ts';
import type { OpenPlan, OtherWays, SitePlan } from './plan.ts';
import type { RouteClause, Way } from './provider-clause.ts';
import { readSocket } from './socket-reading.ts';
import { isTakenBy, statusForGood } from './translation.ts';
import { chooseWays } from './way-choice.ts';

const nothing: Omit<Common, 'logging'> = {
  route: undefined,
  schema: undefined,
  operation: undefined,
  model: undefined,
  mcp: undefined,
};

/** One call's model and operation by each table, found out once. */
class Reading {
  readonly #call: Call;
  #table: OperationTable | undefined;
  #operation: Operation | undefined;
  #fact: ModelFact = { kind: 'unknown' };

  constructor(call: Call) {
    this.#call = call;
  }

  by(table: OperationTable): { readonly operation: Operation | undefined; readonly fact: ModelFact } {
    if (table !== this.#table) {
      this.#table = table;
      this.#operation = operationOf(table, this.#call);
      this.#fact = computeModel(this.#call, this.#operation);
    }
    return { operation: this.#operation, fact: this.#fact };
  }

  match(clause: Clause): MatchResult {
    return matchClause(clause, this.#call, this.by(clause.operations).fact);
  }
}

/** The API a call at this site is read as when no clause took it. */
function plainSchema({ provider, clauses }: OpenPlan): string | undefined {
  return provider ?? clauses[0]?.schema;
}

function factsOf(
  schema: string | undefined,
  reading: Reading,
): Pick<Common, 'schema' | 'operation' | 'model'> {
  const { operation, fact } = reading.by(operationTable(schema));
  return { schema, operation, model: fact.kind === 'named' ? fact.model : undefined };
}

function judgeDenials(
  denials: readonly DenialClause[],
  reading: Reading,
): Refusal | { readonly kind: 'need-body'; readonly need: BodyNeed } | undefined {
  const results = denials.map((clause) => ({ clause, result: reading.match(clause) }));
  const hit = results.find(({ result }) => result === 'yes');
  if (hit !== undefined) return denyAnswer(hit.clause.answer);
  const waiting = results.find(({ result }) => result === 'unread');
  if (waiting === undefined) return undefined;
  return { kind: 'need-body', need: needOf(reading.by(waiting.clause.operations).operation) };
}

export function decide(plan: SitePlan, call: Call): Decision {
  if (plan.kind === 'shut') {
    return { ...nothing, kind: 'refuse', refusal: plan.refusal, logging: undefined };
  }
  const reading = new Reading(call);
  return judgeDenied(plan, call, reading) ?? decideOpen(plan, call, reading);
}

/** What is refused before any rule that allows is asked; a call that waits for its body may still be told of it. */
function judgeDenied(plan: OpenPlan, call: Call, reading: Reading): Decision | undefined {
  const refusal = (plan.readsPath ? judgeForm(call) : undefined) ?? judgeDenials(plan.denials, reading);
  if (refusal?.kind !== 'refuse') return plan.mcp === undefined ? refusal : undefined;
  const facts = factsOf(plainSchema(plan), reading);
  return { ...nothing, ...facts, kind: 'refuse', refusal, logging: plan.logging };
}

function decideOpen(plan: OpenPlan, call: Call, reading: Reading): Decision {
  if (plan.mcp === undefined) return decideProvider(plan, call, { reading, mcp: undefined });
  // A governed host's body is read as JSON-RPC, so nothing else is read from it.
  const mcp = judgeMcp(plan.mcp, call);
  if (mcp.kind === 'need-body') return { kind: 'need-body', need: 'rpc' };
  if (mcp.kind === 'pass') return decideProvider(plan, call, { reading, mcp });
  const { refusal, facts, logging } = mcp;
  return { ...nothing, kind: 'refuse', refusal, mcp: facts, logging: joinedLogging(plan.logging, logging) };
}

interface Judged {
  readonly reading: Reading;
  readonly mcp: Extract<McpVerdict, { kind: 'pass' }> | undefined;
}

function firstClause(
  clauses: readonly RouteClause[],
  reading: Reading,
): { readonly clause: RouteClause; readonly result: MatchResult } | undefined {
  for (const clause of clauses) {
    const result = reading.match(clause);
    if (result !== 'no') return { clause, result };
  }
  return undefined;
}

function commonOf(plan: OpenPlan, clause: RouteClause | undefined, { reading, mcp }: Judged): Common {
  const facts = factsOf(clause === undefined ? plainSchema(plan) : clause.schema, reading);
  const own = clause?.logging ?? plan.logging;
  // Each part by name, here and in `goBy`: spreading into an object costs more than all else a plain call is asked.
  return {
    schema: facts.schema,
    operation: facts.operation,
    model: facts.model,
    route: clause?.route,
    mcp: mcp?.facts,
    logging: mcp?.logging === undefined ? own : joinedLogging(own, mcp.logging),
  };
}

function decideProvider(plan: OpenPlan, call: Call, judged: Judged): Decision {
  const { reading } = judged;
  const found = firstClause(plan.clauses, reading);
  if (found?.result === 'unread') {
    return { kind: 'need-body', need: needOf(reading.by(found.clause.operations).operation) };
  }
  // What may be any model is under no rule about models, and not under the next rule either.
  const clause = found?.result === 'yes' ? found.clause : undefined;
  const common = commonOf(plan, clause, judged);
  const taker = clause ?? plan.otherwise;
  if (taker === undefined) {
    return {
      ...common,
      kind: 'refuse',
      refusal: notTaken(plan, call, { model: common.model, modelMissing: found !== undefined }),
    };
  }
  const ways = waysOf(taker, judged, { call, operation: common.operation });
  const use = useOf(plan, taker.ways, { clause, call, common });
  const read = reading.by(operationTable(common.schema));
  if (use === 'need-body' || ways.some((way) => waitsAtBackend(way, call, read))) {
    return { kind: 'need-body', need: needOf(common.operation) };
  }
  const counts = countOnce(countsOf(plan, clause, judged), call);
  const maxBodyBytes = bodyLimitOf(clause, call);
  const { fallback, headers } = clause ?? { fallback: undefined, headers: undefined };
  const wouldDeny = auditOf(plan, clause, { call, model: common.model, modelMissing: found !== undefined });
  const [site, answers] = [plan.site, answersOf(plan, call)];
  const messages = readSocket(read, {
    clause,
    denials: [plan.denials, ...ways.map((way) => way.denials)].flat(),
  });
  const go = { ways, use, counts, fallback, maxBodyBytes, headers, wouldDeny, answers, messages, site };
  const { asking } = plan;
  const asks = asksOf(plan.site, { call, clause, model: common.model, asking }, judged.mcp);
  return judgeAsks(asks, call, goBy(go, call, common));
}

/** Of a call that no rule takes. */
function auditOf(
  plan: OpenPlan,
  clause: RouteClause | undefined,
  read: { readonly call: Call; readonly model: string | undefined; readonly modelMissing: boolean },
): WouldDeny | undefined {
  const { call, model, modelMissing } = read;
  if (clause !== undefined || !plan.audited) return undefined;
  const refusal = plan.opener === undefined ? undefined : notTaken(plan, call, { model, modelMissing });
  return auditCall(plan.site, call, { provider: plan.provider, model, refusal });
}

/** What it counts as, by the rule that took it or else by what opens the site. */
function countsOf(plan: OpenPlan, clause: RouteClause | undefined, { mcp }: Judged): readonly CallCount[] {
  const own = countCall((clause ?? plan).callLimits);
  return mcp === undefined ? own : joinCounts(mcp.counts, own);
}

function answersOf({ mcp }: OpenPlan, call: Call): McpAnswers | undefined {
  return mcp && McpAnswers.of(mcp, call);
}

/** Of what takes the call; of what an MCPRoute sends somewhere else, those of its course. */
function waysOf(
  taker: RouteClause | OtherWays,
  { mcp }: Judged,
  { call, operation }: { readonly call: Call; readonly operation: Operation | undefined },
): readonly Way[] {
  const course = mcp?.course;
  const fallback = 'fallback' in taker ? taker.fallback : undefined;
  if (course === undefined) return chooseWays({ ways: taker.ways, fallback }, call, operation);
  const ways = taker.courses.find((each) => each.course === course)?.ways ?? [];
  return chooseWays({ ways, fallback: undefined }, call, operation);
}

/** First of all whether any of the ways may take it. */
function useOf(
  plan: OpenPlan,
  ways: readonly Way[],
  {
    clause,
    call,
    common,
  }: { readonly clause: RouteClause | undefined; readonly call: Call; readonly common: Common },
): Refusal | Budget | 'need-body' | undefined {
  return isForNone(ways, call, common.operation) ? notTranslated(plan, call) : judgeUse(clause, call, common);
}

function judgeUse(
  clause: RouteClause | undefined,
  call: Call,
  { operation }: Common,
): Refusal | Budget | 'need-body' | undefined {
  return clause === undefined ? undefined : (clause.limit ?? judgeBudget(clause.budget, call, operation));
}

/** What a POST to the same path would be. */
function postedOf({ provider }: OpenPlan, { path }: Call): Operation | undefined {
  return provider === undefined ? undefined : operationTable(provider)('POST', path);
}

function isForNone(ways: readonly Way[], call: Call, operation: Operation | undefined): boolean {
  return ways.length > 0 && ways.every((way) => !isTakenBy(way, call, operation));
}

/** None of the rule's Backends speaks the call's API, and it is none that is translated: no later try changes that. */
function notTranslated(plan: OpenPlan, call: Call): Refusal {
  const message = 'no Backend of this route takes this call, as it is or translated';
  return refuse(statusForGood(call, postedOf(plan, call)), 'policy', message);
}

function notTaken(
  plan: OpenPlan,
  call: Call,
  { model, modelMissing }: { readonly model: string | undefined; readonly modelMissing: boolean },
): Refusal {
  if (modelMissing && call.body.kind === 'unreadable') return call.body.refusal;
  const ofHttp = modelMissing || model !== undefined ? undefined : refuseHttp(plan.clauses, call);
  if (ofHttp !== undefined) return ofHttp;
  const what =
    model === undefined ? `${call.method} ${call.path.slice(0, 200)}` : `the model "${model.slice(0, 100)}"`;
  const message = `no AIProviderRoute of the egress gateway allows ${what} on this host`;
  const status = statusForGood(call, postedOf(plan, call));
  return refuse(status, modelMissing || model !== undefined ? 'model' : 'policy', message);
}
