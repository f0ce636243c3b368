/**
 * How one agent's access at one place and in one protocol changed, as parts of sentences: opened, closed, more or fewer
 * calls, another credential, budget, backend or address. Whatever changed is told: if nothing more exact can be said, that
 * the order of rules did.
 */
import { renderCallScope, scopeCovers, scopesOf, type CallScope } from './call-scope.ts';
import { mcpEssence } from './mcp.ts';
import type { Access, Budget, Outcome } from './outcome.ts';
import { permitsOf, renderBackendDenial, renderBudget, renderMcp, renderOutcome } from './words.ts';

export type Direction = 'added' | 'removed';
export type ChangeKind =
  'destination' | 'calls' | 'credential' | 'budget' | 'backend' | 'address' | 'tools' | 'order';

export interface AccessChange {
  readonly direction: Direction;
  readonly kind: ChangeKind;
  /** `%` stands for the place. */
  readonly text: string;
}

function change(direction: Direction, kind: ChangeKind, text: string): AccessChange {
  return { direction, kind, text };
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
const missingFrom = (from: readonly string[], all: readonly string[]): string[] =>
  unique(all.filter((each) => !from.includes(each)));

function opened(access: Access): AccessChange[] {
  return permitsOf(access).map(({ calls, outcome }) => {
    const how = [...(calls === 'every call' ? [] : [`for ${calls}`]), renderOutcome(outcome)].filter(
      (each) => each !== '',
    );
    return change('added', 'destination', ['may now reach %', ...how].join(' '));
  });
}

function credentialsOf(outcomes: readonly Outcome[]): string[] {
  return unique(outcomes.flatMap(({ credentials }) => credentials));
}

function backendsOf(outcomes: readonly Outcome[]): string[] {
  return unique(
    outcomes.map(({ backend }) =>
      backend === undefined ? 'the host itself' : `${backend.host}:${backend.port}`,
    ),
  );
}

function addressesOf(outcomes: readonly Outcome[]): string[] {
  return unique(outcomes.map(({ pinned }) => pinned?.join(', ') ?? 'any public address'));
}

function deniedOf(outcomes: readonly Outcome[]): string[] {
  return unique(outcomes.map(({ denied }) => renderBackendDenial(denied)).filter((text) => text !== ''));
}

const limits = ['maxTokensPerDay', 'maxTokensPerExecution', 'maxOutputTokensPerRequest'] as const;

/** The tightest of each limit. */
function tightest(outcomes: readonly Outcome[]): ReadonlyArray<number> {
  const budgets: readonly Budget[] = outcomes.flatMap((outcome) => outcome.budgets);
  return limits.map((limit) => Math.min(...budgets.map((budget) => budget[limit] ?? Infinity)));
}

function budgetChanges(before: readonly Outcome[], after: readonly Outcome[], calls: string): AccessChange[] {
  const [old, now] = [before, after].map((outcomes) => outcomes.flatMap(({ budgets }) => budgets));
  if (JSON.stringify(old) === JSON.stringify(now)) return [];
  const [was, is] = [tightest(before), tightest(after)];
  const raised = is.some((limit, index) => limit > (was[index] ?? Infinity));
  const shared = JSON.stringify(was) === JSON.stringify(is);
  const text = `${renderBudget(old ?? []) || 'unlimited'} to ${renderBudget(now ?? []) || 'unlimited'}`;
  const verb = shared ? 'another' : raised ? 'a raised' : 'a lowered';
  return [
    change(raised || shared ? 'added' : 'removed', 'budget', `now has ${verb} budget at %${calls}: ${text}`),
  ];
}

function setChanges(
  kind: ChangeKind,
  before: readonly string[],
  after: readonly string[],
  words: readonly [string, string],
): AccessChange[] {
  const quote = (texts: readonly string[]): string => texts.map((text) => `\`${text}\``).join(', ');
  const [more, fewer] = [missingFrom(before, after), missingFrom(after, before)];
  return [
    ...(more.length === 0 ? [] : [change('added', kind, words[0].replace('#', quote(more)))]),
    ...(fewer.length === 0 ? [] : [change('removed', kind, words[1].replace('#', quote(fewer)))]),
  ];
}

function outcomeChanges(before: CallScope, after: CallScope): AccessChange[] {
  const scope = renderCallScope(after);
  const calls = scope === 'every call' ? '' : ` for ${scope}`;
  const [old, now] = [before.outcomes, after.outcomes];
  return [
    ...setChanges('credential', credentialsOf(old), credentialsOf(now), [
      `now reaches %${calls} with credential #`,
      `no longer reaches %${calls} with credential #`,
    ]),
    ...budgetChanges(old, now, calls),
    ...setChanges('backend', backendsOf(old), backendsOf(now), [
      `is now sent to # for calls to %${calls}`,
      `is no longer sent to # for calls to %${calls}`,
    ]),
    // The other way round: what is denied no more may be reached.
    ...setChanges('calls', deniedOf(now), deniedOf(old), [
      `is no longer refused # where calls to %${calls} are sent`,
      `is now refused # where calls to %${calls} are sent`,
    ]),
    ...setChanges('address', addressesOf(old), addressesOf(now), [
      `now reaches % at #${calls}`,
      `no longer reaches % at #${calls}`,
    ]),
  ];
}

function compared(before: Access, after: Access): AccessChange[] {
  const [old, now] = [scopesOf(before), scopesOf(after)];
  const first = (scopes: readonly CallScope[], scope: CallScope): CallScope | undefined =>
    scopes.find((each) => scopeCovers(each, scope));
  const more = now.filter((scope) => first(old, scope) === undefined).map(renderCallScope);
  const fewer = old.filter((scope) => first(now, scope) === undefined).map(renderCallScope);
  const kept = now.flatMap((scope) => {
    const was = first(old, scope);
    // What an earlier rule takes anyway changes nothing.
    return was === undefined || first(now, scope) !== scope ? [] : outcomeChanges(was, scope);
  });
  const added = unique(more).map((calls) => {
    const outcomes = now
      .filter((scope) => renderCallScope(scope) === calls)
      .flatMap((scope) => scope.outcomes);
    const how = unique(outcomes.map(renderOutcome)).filter((text) => text !== '');
    return change('added', 'calls', [`may now make more calls to %: ${calls}`, ...how].join(', '));
  });
  const removed = unique(fewer).map((calls) =>
    change('removed', 'calls', `may make fewer calls to %: no longer ${calls}`),
  );
  return [...added, ...removed, ...kept];
}

/** The order of the rules both have, and the calls refused before others are asked: what single scopes do not show. */
function precedence(access: Access, other: Access): string {
  const shared = new Set(scopesOf(other).map(renderCallScope));
  const order = scopesOf(access)
    .map(renderCallScope)
    .filter((scope) => shared.has(scope));
  const refused = access.clauses
    .filter(({ outcomes }) => outcomes.length === 0)
    .map(({ matches }) => matches);
  return JSON.stringify([order, refused]);
}

/** Which tools: told as before and after. Only a host that was not governed before has lost by it for certain. */
function toolChanges(before: Access, after: Access): AccessChange[] {
  if (mcpEssence(before.mcp) === mcpEssence(after.mcp)) return [];
  const [was, is] = [renderMcp(before.mcp) || 'every call', renderMcp(after.mcp) || 'every call'];
  const direction = before.mcp === undefined ? 'removed' : 'added';
  return [change(direction, 'tools', `may now call other tools at %: ${is}; before: ${was}`)];
}

/** Empty only when both are the same. */
export function describeAccessChange(before: Access | undefined, after: Access | undefined): AccessChange[] {
  if (before === undefined) return after === undefined ? [] : opened(after);
  if (after === undefined) return [change('removed', 'destination', 'may no longer reach %')];
  const same =
    JSON.stringify([before.clauses, before.otherwise]) === JSON.stringify([after.clauses, after.otherwise]);
  const tools = toolChanges(before, after);
  if (same) return tools;
  const found = compared(before, after);
  const reordered = found.length === 0 || precedence(before, after) !== precedence(after, before);
  const text = 'has other rules, or rules in another order, at %: some calls go another way';
  const unclear = reordered ? [change('added', 'order', text)] : [];
  return [...tools, ...found, ...unclear];
}
