/**
 * What the gateway answers a call at one destination, for every invocation there may be: a rule with several Backends chooses
 * one by invocation, so each of them is asked about alone. Everything is asked of `decide`. Pure.
 */
import {
  decide,
  renamedModel,
  type Call,
  type Decision,
  type OpenPlan,
  type Refusal,
} from '../../decision/index.ts';
import { dialOf, type Spot } from './spot.ts';

type Allowed = Extract<Decision, { kind: 'allow' }>;
export type PlannedWay = NonNullable<OpenPlan['otherwise']>;

/** A way of a plan and what leads to it. */
export interface Exit {
  /** Index of its clause; undefined: it is for calls no clause takes. */
  readonly clause: number | undefined;
  readonly way: PlannedWay;
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

export function exitsOf({ clauses, otherwise }: OpenPlan): Exit[] {
  const taken = clauses.flatMap(({ ways }, clause) => ways.map((way) => ({ clause, way })));
  return otherwise === undefined ? taken : [...taken, { clause: undefined, way: otherwise }];
}

/** As many plans as the widest rule that chooses has ways, each with one way of such a rule. */
function narrowed(plan: OpenPlan): OpenPlan[] {
  const chooses = plan.clauses.filter(({ fallback }) => fallback === undefined);
  const width = Math.max(1, ...chooses.map(({ ways }) => ways.length));
  if (width === 1) return [plan];
  return Array.from({ length: width }, (_, index) => ({
    ...plan,
    clauses: plan.clauses.map((clause) => {
      // Tried one after the other: an answer tells all of them.
      if (clause.fallback !== undefined) return clause;
      const way = clause.ways[index % Math.max(1, clause.ways.length)];
      return { ...clause, ways: way === undefined ? [] : [way] };
    }),
  }));
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
