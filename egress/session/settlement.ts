/**
 * What a call is charged, in tokens and in money, by how it ended. Pure. It must never say less than what may have been used.
 */
import { nanoUsdOf, type NanoUsd } from '../../contract/index.ts';
import type { Reservation } from '../budget/budgets.ts';
import type { CostBound } from '../budget/token-ask.ts';
import { credibleCounts, sumOf, type Facts } from '../providers/index.ts';

/** How the call ended, as far as it decides what is paid for. */
export interface Ending {
  /** The request was, or may have been, on its way to an upstream. */
  readonly sent: boolean;
  /** The upstream's own; undefined: it did not answer. */
  readonly status: number | undefined;
  readonly facts: Facts;
  /** What the answer's usage costs; undefined: nobody can say. */
  readonly costUsd: number | undefined;
  /** Tokens that were seen of an answer that was cut for being too long; 0: it was not. */
  readonly seenOutput?: number;
}

/** What a call was promised and what it is charged. */
export interface Spent {
  readonly reserved: number;
  readonly charged: number;
  /** In billionths of a US dollar; absent: no limit is in money. */
  readonly cost?: { readonly reserved: number; readonly charged: number };
}

interface Seen {
  readonly input: number;
  readonly output: number;
  readonly sum: number;
  /** All of it, by counts that make sense; what was cut may have gone on behind what it told. */
  readonly isWhole: boolean;
}

function seenIn({ facts, seenOutput = 0 }: Ending): Seen {
  const counts = credibleCounts(facts);
  const { inputTokens: input = 0, outputTokens: output = 0 } = counts ?? {};
  const isWhole = counts !== undefined && facts.usage === 'whole' && seenOutput === 0;
  return { input, output, sum: sumOf(input, output) ?? 0, isWhole };
}

/** A call that no upstream saw, or that one refused, costs nothing but what it says it does. */
function isFree({ sent, status }: Ending, seen: Seen): boolean {
  return !sent || (status !== undefined && status >= 400 && seen.sum === 0);
}

/** Input and output of a call, where both are told whole and make sense. */
export function computeUsed(ending: Ending, promised: number): number {
  const seen = seenIn(ending);
  if (seen.isWhole || isFree(ending, seen)) return seen.sum;
  // Cut short, or never told in earnest: as much as it was promised.
  return Math.max(seen.sum, promised, seen.input + (ending.seenOutput ?? 0));
}

/** The same in money. What is told and has no price costs as much as was promised, or as so many tokens at most do. */
export function computeCost(ending: Ending, promised: NanoUsd, bound: CostBound): NanoUsd {
  const seen = seenIn(ending);
  if (isFree(ending, seen)) return 0 as NanoUsd;
  const exact = ending.costUsd === undefined ? undefined : nanoUsdOf(ending.costUsd);
  if (exact !== undefined && seen.isWhole) return exact;
  const told = bound(seen.input, Math.max(seen.output, ending.seenOutput ?? 0)) ?? 0;
  return Math.max(told, promised) as NanoUsd;
}

type Amounts = Pick<Spent, 'reserved' | 'charged'>;

function sumOfAmounts(all: readonly Amounts[]): Amounts {
  const total = (of: (each: Amounts) => number): number => all.reduce((sum, each) => sum + of(each), 0);
  return { reserved: total(({ reserved }) => reserved), charged: total(({ charged }) => charged) };
}

/** A try that may have used all it was promised. */
function spentWhole({ tokens, nanoUsd }: Reservation): Spent {
  const spent = { reserved: tokens, charged: tokens };
  return nanoUsd === undefined ? spent : { ...spent, cost: { reserved: nanoUsd, charged: nanoUsd } };
}

/** Of a call in all: tries that are lost, and the last one. undefined: nothing was promised. */
export function sumSpent(lost: readonly Reservation[], last: Spent | undefined): Spent | undefined {
  const all = [...lost.map(spentWhole), ...(last === undefined ? [] : [last])];
  if (all.length === 0) return undefined;
  const costs = all.flatMap(({ cost }) => cost ?? []);
  return { ...sumOfAmounts(all), ...(costs.length === 0 ? {} : { cost: sumOfAmounts(costs) }) };
}
