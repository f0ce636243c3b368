/**
 * What an agent is told of the limits its call is under, in the RateLimit fields of HTTP (draft-ietf-httpapi-ratelimit-headers-10): which
 * quota, how much of it is left, when it is whole again. Pure. It tells of limits that bind this very call and of nothing else, and never
 * who else uses them.
 */
import type { CallLimit } from '../contract/index.ts';
import type { UseLimit } from './budget.ts';

export type ToldLimit = UseLimit | CallLimit;

export interface LimitState {
  readonly limit: ToldLimit;
  /** undefined: nobody asked for it yet. */
  readonly left: number | undefined;
  /** Until it is whole again; undefined: never, it ends with the execution. */
  readonly seconds: number | undefined;
}

/** A head is not to grow with the number of policies: of more than these the tightest are told. */
const maxTold = 8;
/** What an Integer of a structured field holds (RFC 9651). */
const maxInteger = 999_999_999_999_999;
const daySeconds = 24 * 60 * 60;

export function capOf(limit: ToldLimit): number {
  if ('calls' in limit) return limit.calls;
  return 'tokens' in limit ? limit.tokens : limit.nanoUsd;
}

/** The unit of the field where it is not its own `requests`. */
function unitOf(limit: ToldLimit): string | undefined {
  if ('calls' in limit) return undefined;
  return 'tokens' in limit ? 'tokens' : 'nano-usd';
}

/** Apart from an upstream's own, which go on beside ours. */
function nameOf(limit: ToldLimit): string {
  if ('calls' in limit) return `clrk-${limit.policy ?? 'calls'}`;
  if (limit.period === 'window') return `clrk-${limit.policy}`;
  return `clrk-budget-${'tokens' in limit ? 'tokens' : 'cost'}-${limit.period}`;
}

function windowOf(limit: ToldLimit): number | undefined {
  if (!('calls' in limit) && limit.period !== 'window') {
    return limit.period === 'day' ? daySeconds : undefined;
  }
  return limit.windowMs === undefined ? undefined : Math.max(1, Math.ceil(limit.windowMs / 1_000));
}

/** A String of a structured field: printable ASCII. */
const quote = (text: string): string => `"${text.replaceAll(/[^ !#-[\]-~]/g, '?')}"`;

const integer = (value: number): number => Math.min(maxInteger, Math.max(0, Math.floor(value)));

/** How much of it is there, of one; what nobody knows counts as all. */
const share = ({ limit, left }: LimitState): number => (left ?? capOf(limit)) / capOf(limit);

/** Of limits that have one name an agent need only know the tightest. */
function told(states: readonly LimitState[]): LimitState[] {
  const sorted = [...states].sort((a, b) => share(a) - share(b));
  const once = new Map<string, LimitState>();
  for (const state of sorted) if (!once.has(nameOf(state.limit))) once.set(nameOf(state.limit), state);
  const kept = new Set([...once.values()].slice(0, maxTold));
  return states.filter((state) => kept.has(state));
}

function renderPolicy({ limit }: LimitState): string {
  const [unit, window] = [unitOf(limit), windowOf(limit)];
  const parameters = [`q=${integer(capOf(limit))}`];
  if (unit !== undefined) parameters.push(`qu="${unit}"`);
  if (window !== undefined) parameters.push(`w=${window}`);
  return [quote(nameOf(limit)), ...parameters].join(';');
}

function renderState({ limit, left, seconds }: LimitState): string[] {
  if (left === undefined) return [];
  const reset = seconds === undefined ? '' : `;t=${integer(seconds)}`;
  return [`${quote(nameOf(limit))};r=${integer(left)}${reset}`];
}

/** Names and values of the fields; none without limits. */
export function renderLimits(states: readonly LimitState[]): ReadonlyArray<readonly [string, string]> {
  const all = told(states);
  if (all.length === 0) return [];
  const left = all.flatMap(renderState);
  const policy = ['RateLimit-Policy', all.map(renderPolicy).join(', ')] as const;
  return left.length === 0 ? [policy] : [policy, ['RateLimit', left.join(', ')]];
}
