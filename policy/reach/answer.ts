/**
 * What the gateway answers a call at one destination, for every invocation there may be: a rule with several Backends chooses
 * one by invocation, so each of them is asked about alone. Everything is asked of `decide`. Pure.
 */
import {
  decide,
  renamedModel,
  type Call,
  type Decision,
  type McpCourse,
  type OpenPlan,
  type OtherWays,
  type Refusal,
  type Way,
} from '../../decision/index.ts';
import { dialOf, type Spot } from './spot.ts';

type Allowed = Extract<Decision, { kind: 'allow' }>;

/** A way of a plan and what leads to it. */
export interface Exit {
  /** Index of its clause; undefined: it is for calls no clause takes. */
  readonly clause: number | undefined;
  /** Of messages that rules of an MCPRoute send there; undefined: of all else. */
  readonly course: McpCourse | undefined;
  readonly way: Way;
}

export interface WayTaken {
  readonly exit: Exit;
  /** The model its Backend is asked for; undefined: none is known. */
  readonly model: string | undefined;
  readonly logging: Allowed['logging'];
  /** undefined: nothing counts it. */
  readonly budget: Allowed['budget'];
  /** Empty: none limits it. */
  readonly counts: Allowed['counts'];
  /** A person decides about it first. */
  readonly asksPerson: boolean;
}

export interface Answer {
  /** Empty: refused, whatever the invocation. */
  readonly ways: readonly WayTaken[];
  readonly refusals: readonly Refusal[];
}

export function exitsOf({ clauses, otherwise }: Pick<OpenPlan, 'clauses' | 'otherwise'>): Exit[] {
  const of = (clause: number | undefined, { ways, courses }: OtherWays): Exit[] => [
    ...ways.map((way) => ({ clause, course: undefined, way })),
    ...courses.flatMap(({ course, ways: own }) => own.map((way) => ({ clause, course, way }))),
  ];
  const taken = clauses.flatMap((clause, index) => of(index, clause));
  return otherwise === undefined ? taken : [...taken, ...of(undefined, otherwise)];
}

/** What leads to the ways beside which one goes, by weight or in turn. */
export function besideOf({ clauses, otherwise }: OpenPlan, { clause, course }: Exit): readonly Way[] {
  const taker = clause === undefined ? otherwise : clauses[clause];
  if (course === undefined) return taker?.ways ?? [];
  return taker?.courses.find((each) => each.course === course)?.ways ?? [];
}

/** As many plans as the widest rule that chooses has ways, each with one way of such a rule. */
function narrowed(plan: OpenPlan): OpenPlan[] {
  const chooses = plan.clauses.filter(({ fallback }) => fallback === undefined);
  const takers = [...plan.clauses, ...(plan.otherwise === undefined ? [] : [plan.otherwise])];
  const choices = [
    ...[...chooses, plan.otherwise].map((taker) => taker?.ways ?? []),
    ...takers.flatMap(({ courses }) => courses.map(({ ways }) => ways)),
  ];
  const width = Math.max(1, ...choices.map(({ length }) => length));
  if (width === 1) return [plan];
  return Array.from({ length: width }, (_, index) => {
    const only = (ways: readonly Way[]): Way[] => ways.slice(index % Math.max(1, ways.length)).slice(0, 1);
    const alone = <T extends OtherWays>(taker: T): T => ({
      ...taker,
      ways: only(taker.ways),
      courses: taker.courses.map((each) => ({ ...each, ways: only(each.ways) })),
    });
    return {
      ...plan,
      // Tried one after the other: an answer tells all of them.
      clauses: plan.clauses.map((clause) =>
        clause.fallback === undefined ? alone(clause) : { ...alone(clause), ways: clause.ways },
      ),
      otherwise: plan.otherwise && alone(plan.otherwise),
    };
  });
}

/** One spot, asked about many calls. */
export class Answers {
  readonly #plans: readonly OpenPlan[];
  /** A decision hands on the very target of its way. */
  readonly #exits: ReadonlyMap<object, Exit>;
  readonly #dialled: ReadonlySet<object>;

  constructor(spot: Spot) {
    const exits = exitsOf(spot.plan);
    this.#plans = narrowed(spot.plan);
    this.#exits = new Map(exits.map((exit) => [exit.way.target, exit]));
    this.#dialled = new Set(
      exits.map(({ way }) => way.target).filter((target) => dialOf(spot, target) !== 'refused'),
    );
  }

  of(call: Call): Answer {
    const decisions = this.#plans.map((plan) => decide(plan, call));
    const ways = new Map<Exit, WayTaken>();
    for (const answered of decisions) {
      // What a person may allow goes this way.
      const decision = answered.kind === 'ask' ? answered.allowed : answered;
      if (decision.kind !== 'allow') continue;
      const { logging, budget, counts } = decision;
      for (const { target, backend } of decision.candidates) {
        const exit = this.#exits.get(target);
        if (exit === undefined || !this.#dialled.has(target)) continue;
        const asksPerson = answered.kind === 'ask';
        const model = renamedModel(backend, decision.model);
        ways.set(exit, { exit, model, logging, budget, counts, asksPerson });
      }
    }
    const refusals = decisions.flatMap((each) => (each.kind === 'refuse' ? [each.refusal] : []));
    return { ways: [...ways.values()], refusals };
  }
}
