/**
 * The decision about one call at one destination: a function of the plan and of what is known of the call. It answers once with
 * everything that follows, or says that the body is needed first. Pure; it must never let through what it could not read.
 */
import { joinLogging, type LoggingRule } from '../contract/index.ts';
import { judgeBudget, type Budget } from './budget.ts';
import { denyAnswer, refuse, type Call, type Refusal, type UpstreamTarget } from './call.ts';
import { computeModel, matchClause, type Clause, type MatchResult, type ModelFact } from './clause.ts';
import type { Injection } from './credential.ts';
import type { DenialClause } from './denial.ts';
import { bodyLimitOf } from './http/match.ts';
import { refuseHttp } from './http-refusal.ts';
import { compileGlob } from './glob.ts';
import { judgeMcp, type McpFacts } from './mcp/judge.ts';
import { operationTable, type Operation, type OperationTable } from './operation/index.ts';
import { judgeForm } from './form.ts';
import type { Opener } from './opener.ts';
import type { OpenPlan, SitePlan } from './plan.ts';
import type { RouteClause, Way } from './provider-clause.ts';
import { chooseWay } from './way-choice.ts';

/** Where a call may be sent, and as what. */
export interface Candidate {
  readonly target: UpstreamTarget;
  readonly backend: Way['backend'];
  /** undefined: no secret goes on it. */
  readonly injection: Injection | undefined;
}

/** How the body must be read before the call can be decided. */
export type BodyNeed = 'model' | 'form-model' | 'rpc';

interface Common {
  /** The rule that took it. */
  readonly route: Opener | undefined;
  /** The API it is read as: a provider or a Backend's schema. */
  readonly schema: string | undefined;
  readonly operation: Operation | undefined;
  /** undefined: it names none, or nobody knows. */
  readonly model: string | undefined;
  readonly mcp: McpFacts | undefined;
  readonly logging: LoggingRule | undefined;
}

export type Decision =
  | { readonly kind: 'need-body'; readonly need: BodyNeed }
  | (Common & { readonly kind: 'refuse'; readonly refusal: Refusal; readonly credentialPolicy?: string })
  /** Candidates in the order to try them; there is always one. */
  | (Common & {
      readonly kind: 'allow';
      readonly candidates: readonly [Candidate, ...Candidate[]];
      /** What it may use; undefined: nothing counts it. */
      readonly budget: Budget | undefined;
      /** The longest body that may go; undefined: any. */
      readonly maxBodyBytes: number | undefined;
    });

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
      this.#operation = table(this.#call.method, this.#call.path);
      this.#fact = computeModel(this.#call, this.#operation);
    }
    return { operation: this.#operation, fact: this.#fact };
  }

  match(clause: Clause): MatchResult {
    return matchClause(clause, this.#call, this.by(clause.operations).fact);
  }
}

function needOf(operation: Operation | undefined): BodyNeed {
  return operation?.model.from === 'form' ? 'form-model' : 'model';
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

/** Refused by a denial, waiting for the body, or neither. */
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
  return { ...nothing, kind: 'refuse', refusal, mcp: facts, logging: joined(plan.logging, logging) };
}

function joined(...rules: ReadonlyArray<LoggingRule | undefined>): LoggingRule | undefined {
  const present = rules.filter((rule) => rule !== undefined);
  return present.length === 0 ? undefined : joinLogging(present);
}

interface Judged {
  readonly reading: Reading;
  readonly mcp: { readonly facts: McpFacts; readonly logging: LoggingRule | undefined } | undefined;
}

/** The first clause that takes the call, or cannot be told whether it does. */
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
  const schema = clause === undefined ? plainSchema(plan) : clause.schema;
  return {
    ...factsOf(schema, reading),
    route: clause?.route,
    mcp: mcp?.facts,
    logging: joined(clause?.logging ?? plan.logging, mcp?.logging),
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
  const way = clause === undefined ? plan.otherwise : chooseWay(clause.ways, call.invocationId);
  if (clause === undefined && way === undefined) {
    return {
      ...common,
      kind: 'refuse',
      refusal: notTaken(plan, call, { model: common.model, modelMissing: found !== undefined }),
    };
  }
  const use = judgeUse(clause, call, common);
  return use === 'need-body' || waitsAtBackend(way, call, reading.by(operationTable(common.schema)).fact)
    ? { kind: 'need-body', need: needOf(common.operation) }
    : goBy(way, { use, maxBodyBytes: bodyLimitOf(clause, call) }, call, common);
}

/** What the rule that took the call says of its use. */
function judgeUse(
  clause: RouteClause | undefined,
  call: Call,
  { operation }: Common,
): Refusal | Budget | 'need-body' | undefined {
  return clause === undefined ? undefined : (clause.limit ?? judgeBudget(clause.budget, call, operation));
}

function judgeWay(way: Way | undefined, call: Call, common: Common): Refusal | undefined {
  if (way === undefined) return noBackend;
  return way.refusal ?? judgeAtBackend(way, call, common.model) ?? judgeRename(way, common);
}

/** The call on its one way, unless something there refuses it. */
interface Terms {
  readonly use: Refusal | Budget | undefined;
  readonly maxBodyBytes: number | undefined;
}

function goBy(way: Way | undefined, { use, maxBodyBytes }: Terms, call: Call, common: Common): Decision {
  const [limit, budget] = use !== undefined && 'kind' in use ? [use, undefined] : [undefined, use];
  const refusal = judgeWay(way, call, common) ?? limit;
  if (refusal !== undefined || way === undefined) {
    return { ...common, kind: 'refuse', refusal: refusal ?? noBackend };
  }
  const { credential, target, backend } = way;
  if (credential.kind === 'refuse') {
    return { ...common, kind: 'refuse', refusal: credential, credentialPolicy: credential.policy };
  }
  const injection = credential.kind === 'inject' ? credential : undefined;
  return { ...common, kind: 'allow', candidates: [{ target, backend, injection }], budget, maxBodyBytes };
}

/** A path is sent on as it was judged, so a model that it names cannot be renamed. */
function judgeRename({ backend }: Way, { operation }: Common): Refusal | undefined {
  if (backend === undefined || operation?.model.from !== 'path') return undefined;
  const { model } = operation.model;
  if (renamedModel(backend, model) === model) return undefined;
  const message = `Backend ${backend.name} renames this model, but the API called names models in the path`;
  return { ...refuse(503, 'policy', message), code: 'MODEL_REWRITE_UNSUPPORTED' };
}

const noBackend = refuse(503, 'policy', 'no Backend of this route speaks the API of the called provider');

function notTaken(
  { clauses }: OpenPlan,
  call: Call,
  { model, modelMissing }: { readonly model: string | undefined; readonly modelMissing: boolean },
): Refusal {
  if (modelMissing && call.body.kind === 'unreadable') return call.body.refusal;
  const ofHttp = modelMissing || model !== undefined ? undefined : refuseHttp(clauses, call);
  if (ofHttp !== undefined) return ofHttp;
  const what =
    model === undefined ? `${call.method} ${call.path.slice(0, 200)}` : `the model "${model.slice(0, 100)}"`;
  const message = `no AIProviderRoute of the egress gateway allows ${what} on this host`;
  return refuse(403, modelMissing || model !== undefined ? 'model' : 'policy', message);
}

/** The name a Backend is asked for; the same when it renames none. */
export function renamedModel(backend: Way['backend'], model: string | undefined): string | undefined {
  if (model === undefined) return undefined;
  return backend?.modelRewrites.find(({ from }) => compileGlob(from)?.test(model) === true)?.to ?? model;
}

/** Does a denial where the call is sent depend on what its body would tell? */
function waitsAtBackend(way: Way | undefined, call: Call, fact: ModelFact): boolean {
  if (way === undefined || fact.kind !== 'unread' || way.refusal !== undefined) return false;
  const results = way.denials.map((clause) => matchClause(clause, call, fact));
  return results.includes('unread') && !results.includes('yes');
}

/** Denials where the call is sent, by the model it asks for there. */
function judgeAtBackend(
  { denials, backend }: Way,
  call: Call,
  model: string | undefined,
): Refusal | undefined {
  if (denials.length === 0) return undefined;
  const renamed = renamedModel(backend, model);
  const hit = denials.find((clause) => {
    const operation = clause.operations(call.method, call.path);
    const fact = computeModel(call, operation);
    const there: ModelFact =
      fact.kind === 'none'
        ? fact
        : renamed === undefined
          ? { kind: 'unknown' }
          : { kind: 'named', model: renamed };
    return matchClause(clause, call, there) === 'yes';
  });
  return hit === undefined ? undefined : denyAnswer(hit.answer);
}
