/**
 * A plan as permits: each way that some call goes, with exactly the calls that go it. What changes nothing is left out (an
 * earlier rule or a denial about other calls), which is found by asking about every kind of call there is. Pure.
 */
import type { CallLimit } from '../../contract/index.ts';
import { countedCalls, restricting, toolCalls } from './describe-tools.ts';
import {
  compileGlob,
  computeModel,
  isPlainPath,
  matchClause,
  operationOf,
  renderOpener,
  type Budget,
  type Call,
  type CallMatch,
  type Clause,
  type CompiledHttpMatch,
  type MatchResult,
  type OpenPlan,
  type TokenLimit,
} from '../../decision/index.ts';
import { Answers, besideOf, exitsOf, type Exit } from './answer.ts';
import type {
  CountedUse,
  Access,
  Calls,
  CallScope,
  Credential,
  DeniedCalls,
  HttpScope,
  Permit,
  TokenUse,
  Way,
} from './permit.ts';
import { describeBackend, describeVia, turnOf } from './backend-way.ts';
import { copiesTo, mannerOf, recordedAs } from './manner.ts';
import { CallSpaces } from './space/call-spaces.ts';
import { dialOf, type Spot } from './spot.ts';

/** A list that opens, without what cannot be read; undefined: nothing is left of it. */
function opening(texts: readonly string[]): readonly string[] | undefined {
  const read = texts.filter((text) => compileGlob(text) !== undefined);
  return texts.length > 0 && read.length === 0 ? undefined : read;
}

function openingScope({ models, endpoints }: CallMatch): CallScope[] {
  // A list of models that cannot be read takes none, but of a call without a known model nobody can tell.
  const named = opening(models.texts) ?? models.texts;
  const at = opening(endpoints.texts);
  return at === undefined ? [] : [{ models: named, endpoints: at }];
}

/** A path that cannot be read takes nothing, and to deny it is every path. */
function httpScope({ written, path }: CompiledHttpMatch, purpose: Clause['purpose']): HttpScope[] {
  if (path === undefined || path.exact !== undefined) return [written];
  const { path: _unreadable, ...rest } = written;
  return purpose === 'allow' ? [] : [rest];
}

function callsOf({ schema, matches, http, purpose }: Clause): Calls {
  if (http.length > 0) return { matches: [], http: http.flatMap((match) => httpScope(match, purpose)) };
  const scopes =
    purpose === 'allow'
      ? matches.flatMap(openingScope)
      : matches.map(({ models, endpoints }) => ({
          models: restricting(models.texts),
          endpoints: restricting(endpoints.texts),
        }));
  return { ...(schema === undefined ? {} : { api: schema }), matches: scopes };
}

function deniedOf(clause: OpenPlan['denials'][number]): DeniedCalls {
  const { namespace, name } = clause.answer.policy;
  return { policy: `${namespace}/${name}`, ...callsOf(clause) };
}

function credentialsOf({ way: { credential } }: Exit): Credential[] {
  if (credential.kind !== 'inject') return [];
  return credential.origins.map(({ policy, place, name, source }) => ({
    ...{ policy, place, name },
    ...(source === undefined ? {} : { secret: source }),
  }));
}

export function countedUse({ limits, costs, maxOutputTokens }: Budget): CountedUse {
  return {
    limits: limits.map(tokenUse),
    ...(costs === undefined ? {} : { costs }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  };
}

/** Which policy asks for it is in its account. */
function tokenUse(limit: TokenLimit): TokenUse {
  if (limit.period !== 'window') return limit;
  const { policy: _policy, ...use } = limit;
  return use;
}

function limitsOf(limits: readonly CallLimit[]): Pick<Way, 'limits'> {
  return limits.length === 0 ? {} : { limits: limits.map(countedCalls) };
}

/** What no rule takes. */
function byGateway({ audited, asking }: OpenPlan): Pick<Way, 'audited' | 'asksPerson'> {
  return {
    ...(audited ? { audited: true as const } : {}),
    ...(asking === undefined ? {} : { asksPerson: true as const }),
  };
}

function useOf(clause: OpenPlan['clauses'][number]): Pick<Way, 'asksPerson' | 'budget' | 'headers'> {
  return {
    ...(clause.asksPerson ? { asksPerson: true as const } : {}),
    ...(clause.headers === undefined ? {} : { headers: clause.headers }),
    ...(clause.budget === undefined ? {} : { budget: countedUse(clause.budget) }),
  };
}

export function describeWay(spot: Spot, exit: Exit): Way {
  const { plan } = spot;
  const clause = exit.clause === undefined ? undefined : plan.clauses[exit.clause];
  const logging = clause?.logging ?? plan.logging;
  const pinned = dialOf(spot, exit.way.target);
  const backend = describeBackend(spot, exit);
  return {
    ...(backend === undefined ? {} : { backend }),
    ...describeVia(exit.way, besideOf(plan, exit)),
    ...(typeof pinned === 'string' ? {} : { pinned }),
    credentials: credentialsOf(exit),
    ...(clause === undefined ? byGateway(plan) : useOf(clause)),
    ...limitsOf((clause ?? plan).callLimits),
    ...recordedAs(spot.gateway.document, logging),
  };
}

export function resultOf(clause: Clause, call: Call): MatchResult {
  return matchClause(clause, call, computeModel(call, operationOf(clause.operations, call)));
}

/** The calls that a permit's own rule takes: those another rule or a denial may take away from it. */
function concernedBy({ clauses }: OpenPlan, { clause }: Exit, calls: readonly Call[]): readonly Call[] {
  const own = clause === undefined ? undefined : clauses[clause];
  return own === undefined ? calls : calls.filter((call) => resultOf(own, call) === 'yes');
}

/** What of the calls that its rule takes can go this way at all. */
function callKinds(plan: OpenPlan, exit: Exit): Pick<Permit, 'modelCalls' | 'chatCalls'> {
  const { clause, way } = exit;
  if (way.isForeign) return { chatCalls: true };
  // What names no model goes to the first that takes it as it is.
  const first = clause === undefined ? undefined : plan.clauses[clause]?.ways.find((each) => !each.isForeign);
  const isLater = turnOf(plan, exit) !== undefined && first !== way;
  return isLater ? { modelCalls: true } : {};
}

function permitOf(spot: Spot, exit: Exit, matters: (clause: Clause) => boolean): Permit {
  const { plan } = spot;
  const clause = exit.clause === undefined ? undefined : plan.clauses[exit.clause];
  const mcp = toolCalls(spot, exit.course);
  return {
    ...(clause === undefined ? {} : { taken: callsOf(clause) }),
    earlier: plan.clauses.slice(0, exit.clause).filter(matters).map(callsOf),
    denied: plan.denials.filter(matters).map(deniedOf),
    deniedThere: exit.way.denials.map(deniedOf),
    ...(mcp === undefined ? {} : { mcp }),
    plainPaths: plan.readsPath,
    ...callKinds(plan, exit),
    way: describeWay(spot, exit),
  };
}

/** Everything its permits are made of: spots with one outline have the same. */
function outlineOf(spot: Spot): string {
  const { plan } = spot;
  return JSON.stringify([
    plan.mcp?.denied !== undefined,
    exitsOf(plan).map((exit) => [
      exit.clause,
      exit.course,
      permitOf(spot, exit, () => true),
      exit.way.refusal !== undefined,
      exit.way.credential.kind,
      dialOf(spot, exit.way.target),
      exit.clause !== undefined && plan.clauses[exit.clause]?.limit !== undefined,
    ]),
    // A rule without a way takes calls all the same.
    plan.clauses.map(callsOf),
  ]);
}

function computePermits(spot: Spot, spaces: CallSpaces): Permit[] {
  const { plan } = spot;
  const { calls, complete } = spaces.of([plan]);
  const answers = new Answers(spot);
  const live = new Set(calls.flatMap((call) => answers.of(call).ways.map(({ exit }) => exit.way)));
  const plain = calls.filter(({ path }) => !plan.readsPath || isPlainPath(path));
  // Where not every kind of call could be asked about, a way too many is told rather than one too few.
  return exitsOf(plan)
    .filter(({ way }) => !complete || live.has(way))
    .map((exit) => {
      const concerned = concernedBy(plan, exit, plain);
      const matters = (clause: Clause): boolean =>
        !complete || concerned.some((call) => resultOf(clause, call) !== 'no');
      return permitOf(spot, exit, matters);
    });
}

/** Bounds what a run over many random sets keeps. */
const maxKept = 2_000;

/** Describes the spots of one run; those that are ruled alike once. */
export class Describer {
  readonly spaces = new CallSpaces();
  readonly #known = new Map<string, readonly Permit[]>();

  #readPermits(spot: Spot): readonly Permit[] {
    const key = outlineOf(spot);
    const known = this.#known.get(key) ?? computePermits(spot, this.spaces);
    if (this.#known.size >= maxKept) this.#known.clear();
    this.#known.set(key, known);
    return known;
  }

  /** Undefined: no call at all passes there. */
  describe(spot: Spot): Access | undefined {
    const permits = spot.isRead ? this.#readPermits(spot) : unreadPermits(spot);
    if (permits.length === 0) return undefined;
    const { opener } = spot.plan;
    return {
      protocol: spot.protocol,
      gateway: spot.gateway.id,
      ...(opener === undefined ? {} : { route: renderOpener(opener) }),
      manner: mannerOf(spot.gateway.document),
      permits,
    };
  }
}

/** Bytes nobody reads carry no credential, and no rule is about them. */
function unreadPermits(spot: Spot): Permit[] {
  const { plan } = spot;
  if (plan.relayRefusal !== undefined) return [];
  return plan.relayWays.flatMap((to): Permit[] => {
    const pinned = dialOf(spot, to.target);
    if (to.refusal !== undefined || pinned === 'refused') return [];
    const way = {
      ...describeVia(to, plan.relayWays),
      ...(typeof pinned === 'string' ? {} : { pinned }),
      credentials: [],
      ...(plan.relayAudited ? { audited: true as const } : {}),
      ...limitsOf(plan.relayLimits),
      ...copiesTo(spot.gateway.document, plan.relaySinks),
    };
    return [{ earlier: [], denied: [], deniedThere: [], plainPaths: false, way }];
  });
}
