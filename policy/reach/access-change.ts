/**
 * How one agent's access at one place and in one protocol changed: every kind of call there is is asked before and after.
 * What passes now and did not is added, what passed and does not is removed, and what passes both times another way is
 * changed. Sound: nothing is said to be the same that was not asked about. Pure.
 */
import { argumentsAskedOf, type Call, type Refusal } from '../../decision/index.ts';
import { Answers, type Answer, type WayTaken } from './answer.ts';
import { renderDenied, renderTaken } from './call-words.ts';
import { countedCalls } from './describe-tools.ts';
import { countedUse, describeWay } from './describe.ts';
import { mannerOf, mannerParts, recordedAs } from './manner.ts';
import type { Access, Way } from './permit.ts';
import type { CallSpaces } from './space/call-spaces.ts';
import { quote, quoted } from './phrases.ts';
import type { Spot } from './spot.ts';
import { mcpParts, renderServerRequests } from './tool-words.ts';
import { callParts, renderPlacedSecret, renderTurn, viaParts, wayParts } from './words.ts';

export type Direction = 'added' | 'removed' | 'changed';
/** `approval`: what a person allowed for a time. */
export type ChangeKind =
  'destination' | 'calls' | 'denial' | 'tools' | 'way' | 'unknown' | 'trigger' | 'approval';

export interface AccessChange {
  readonly direction: Direction;
  readonly kind: ChangeKind;
  /** `%` stands for the place. */
  readonly text: string;
}

export interface Side {
  readonly spot: Spot;
  /** Undefined: nothing passes. */
  readonly access: Access | undefined;
}

function change(direction: Direction, kind: ChangeKind, text: string): AccessChange {
  return { direction, kind, text };
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];

function opened({ permits, manner }: Access): AccessChange[] {
  return permits.map((permit) => {
    const parts = [...callParts(permit), ...wayParts(permit.way), ...mannerParts(manner)];
    return change(
      'added',
      'destination',
      [`may now reach %`, parts.join('; ')].filter((text) => text !== '').join(': '),
    );
  });
}

function sentTo(backend: NonNullable<Way['backend']>): string {
  const { host, port, weight, of, turn, asksUsage, as, plain } = backend;
  return [
    `sent to ${quote(`${host}:${port}`)}`,
    ...(plain === true ? ['in plain HTTP'] : []),
    ...(as === undefined ? [] : [`translated to ${quote(as)}`]),
    ...(weight === of ? [] : [`for ${weight} of ${of} invocations`]),
    ...(turn === undefined ? [] : [renderTurn(turn).trim()]),
    ...(asksUsage ? ['usage asked for'] : []),
  ].join(', ');
}

/** What a person notices of a way, a text for each matter. */
function partsOf(spot: Spot, { exit, model, logging, budget, counts, asksPerson }: WayTaken): string[] {
  const described = describeWay(spot, exit);
  const { backend, logging: _l, budget: _b, limits: _limits, asksPerson: _asks, ...rest } = described;
  const { credentials, via, copies: _c, ...way } = rest;
  const { document } = spot.gateway;
  const counted = {
    ...(budget === undefined ? {} : { budget: countedUse(budget) }),
    ...(asksPerson ? { asksPerson: true as const } : {}),
    limits: counts.map(({ limit }) => countedCalls(limit)),
  };
  const sent = backend && sentTo(backend);
  const renames = backend !== undefined && backend.renames.length > 0 && model !== undefined;
  return [
    ...(sent === undefined ? [] : [sent]),
    ...viaParts(via === undefined ? {} : { via }, false),
    ...(renames ? [`as model ${quote(model)}`] : []),
    ...wayParts({ ...way, ...counted, credentials: [], ...recordedAs(document, logging) }),
    ...credentials.map(renderPlacedSecret),
    ...renderServerRequests(spot.plan.mcp),
    ...mannerParts(mannerOf(document)),
  ];
}

interface Asked {
  readonly call: Call;
  readonly was: Answer;
  readonly is: Answer;
}

/** The ways of a call, and how they came to differ; empty: they did not. */
function wayChange(before: Side, after: Side, { was, is }: Asked): string {
  const texts = (spot: Spot, { ways }: Answer): string[] =>
    ways.map((way) => partsOf(spot, way).join('; ')).sort();
  const [old, now] = [texts(before.spot, was), texts(after.spot, is)];
  if (JSON.stringify(old) === JSON.stringify(now)) return '';
  const parts = (spot: Spot, { ways }: Answer): string[] => unique(ways.flatMap((way) => partsOf(spot, way)));
  const [had, has] = [parts(before.spot, was), parts(after.spot, is)];
  const more = has.filter((part) => !had.includes(part));
  const fewer = had.filter((part) => !has.includes(part));
  const words = [
    ...(more.length === 0 ? [] : [`now ${more.join(', ')}`]),
    ...(fewer.length === 0 ? [] : [`no longer ${fewer.join(', ')}`]),
  ];
  return words.join('; ') || `now ${now.join(' or ')}; before ${old.join(' or ')}`;
}

/** A person was asked about each way of it, and is not about one: the agent does alone what it did not. */
function isUnasked({ was, is }: Asked): boolean {
  return was.ways.every(({ asksPerson }) => asksPerson) && !is.ways.every(({ asksPerson }) => asksPerson);
}

/** As if nobody had been asked: what else is another way now. */
function withoutAsking(each: Asked): Asked {
  if (!isUnasked(each)) return each;
  return { ...each, was: { ...each.was, ways: each.was.ways.map((way) => ({ ...way, asksPerson: false })) } };
}

function unaskedCalls(after: Side, kept: readonly Asked[]): AccessChange[] {
  const found = kept.filter(isUnasked);
  if (found.length === 0) return [];
  const same = kept.filter((each) => !found.includes(each));
  const what = same.length === 0 ? '' : `: ${renderTaken(after.spot.plan, calls(found), calls(same))}`;
  return [change('added', 'calls', `may make calls without a person's approval to %${what}`)];
}

const isDenial = ({ reason }: Refusal): boolean => reason === 'deny_policy';
const calls = (asked: readonly Asked[]): Call[] => asked.map(({ call }) => call);

function toolWords({ access }: Side, otherwise: string): string {
  const mcp = access?.permits[0]?.mcp;
  return mcp === undefined ? otherwise : mcpParts(mcp).join('; ');
}

interface OneSided {
  readonly direction: 'added' | 'removed';
  readonly passing: Side;
  readonly refusing: Side;
  /** Calls that pass both times. */
  readonly kept: readonly Asked[];
}

/** Calls that pass on one side only, in the words of the side where they do, and of the denials of the other. */
function oneSided({ direction, passing, refusing, kept }: OneSided, found: readonly Asked[]): AccessChange[] {
  const isAdded = direction === 'added';
  const refusals = ({ was, is }: Asked): readonly Refusal[] => (isAdded ? was : is).refusals;
  const denied = found.filter((each) => refusals(each).some(isDenial));
  const rest = found.filter((each) => !denied.includes(each));
  const tools = rest.filter(({ call }) => call.body.kind === 'rpc');
  const plain = rest.filter((each) => !tools.includes(each));
  const changes: AccessChange[] = [];
  if (denied.length > 0) {
    const what = renderDenied(refusing.spot.plan, calls(denied));
    changes.push(
      change(direction, 'denial', `${isAdded ? 'is no longer denied' : 'is now denied'} at %: ${what}`),
    );
  }
  if (tools.length > 0) {
    const what = renderTaken(passing.spot.plan, calls(tools), []);
    const words = `${toolWords(passing, 'every call')}; ${isAdded ? 'before' : 'now'}: ${toolWords(refusing, 'nothing')}`;
    const verb = isAdded ? 'may use more tools at %' : 'may use fewer tools at %';
    changes.push(change(direction, 'tools', `${verb}: ${what}; ${isAdded ? 'now' : 'before'}: ${words}`));
  }
  if (plain.length > 0) {
    const what = renderTaken(passing.spot.plan, calls(plain), calls(kept));
    const verb = isAdded ? 'may make more calls to %' : 'may make fewer calls to %: no longer';
    changes.push(change(direction, 'calls', isAdded ? `${verb}: ${what}` : `${verb} ${what}`));
  }
  return changes;
}

/**
 * Calls of tools that pass both times, under other rules over their arguments: which arguments those are nobody can tell, so a rule that
 * is gone, or is another one, counts as more calls, and a new one as fewer.
 */
function argumentChanges(before: Side, after: Side, kept: readonly Asked[]): AccessChange[] {
  const rulesOf = ({ spot }: Side, { call: { body } }: Asked): readonly string[] => {
    const { mcp } = spot.plan;
    if (mcp === undefined || body.kind !== 'rpc') return [];
    return unique(body.rpc.messages.flatMap((message) => argumentsAskedOf(mcp, message)));
  };
  const missing = (from: Side, to: Side): AccessChange[] => {
    const isAdded = from === before;
    const found = new Map<string, Asked[]>();
    for (const each of kept) {
      const [here, there] = [rulesOf(from, each), rulesOf(to, each)];
      const gone = here.filter((rule) => !there.includes(rule));
      if (gone.length > 0) found.set(quoted(gone), [...(found.get(quoted(gone)) ?? []), each]);
    }
    return [...found].map(([rules, asked]) => {
      const what = renderTaken(after.spot.plan, calls(asked), []);
      return isAdded
        ? change(
            'added',
            'tools',
            `may use tools with more arguments at %: ${what}; no longer under ${rules}`,
          )
        : change('removed', 'tools', `may use tools with fewer arguments at %: ${what}; now under ${rules}`);
    });
  };
  return [...missing(before, after), ...missing(after, before)];
}

function compare(before: Side, after: Side, spaces: CallSpaces): AccessChange[] {
  const space = spaces.of([before.spot.plan, after.spot.plan]);
  if (!space.complete) {
    const text = 'has other rules at %, too many to tell apart: calls may be added, removed or changed';
    return (['added', 'removed', 'changed'] as const).map((direction) => change(direction, 'unknown', text));
  }
  const [was, is] = [new Answers(before.spot), new Answers(after.spot)];
  const all = space.calls.map((call): Asked => ({ call, was: was.of(call), is: is.of(call) }));
  const added = all.filter((each) => each.was.ways.length === 0 && each.is.ways.length > 0);
  const removed = all.filter((each) => each.was.ways.length > 0 && each.is.ways.length === 0);
  const kept = all.filter((each) => each.was.ways.length > 0 && each.is.ways.length > 0);
  const changed = new Map<string, Asked[]>();
  for (const each of kept) {
    const text = wayChange(before, after, withoutAsking(each));
    if (text !== '') changed.set(text, [...(changed.get(text) ?? []), each]);
  }
  return [
    ...oneSided({ direction: 'added', passing: after, refusing: before, kept }, added),
    ...unaskedCalls(after, kept),
    ...argumentChanges(before, after, kept),
    ...oneSided({ direction: 'removed', passing: before, refusing: after, kept }, removed),
    ...[...changed].map(([text, found]) => {
      const same = kept.filter((each) => !found.includes(each));
      const what =
        same.length === 0 ? '' : `, for ${renderTaken(after.spot.plan, calls(found), calls(same))}`;
      return change('changed', 'way', `goes another way to %: ${text}${what}`);
    }),
  ];
}

/** Bytes nobody reads: they pass or not, and where their host is pinned may have changed. */
function compareUnread(before: Access, after: Access): AccessChange[] {
  const texts = ({ permits, manner }: Access): string =>
    [...permits.flatMap(({ way }) => wayParts(way)), ...mannerParts(manner)].join('; ') || 'as any other';
  const [old, now] = [texts(before), texts(after)];
  return old === now ? [] : [change('changed', 'way', `goes another way to %: now ${now}; no longer ${old}`)];
}

/** Either side may be missing: the agent did not get there at all. */
export function describeAccessChange(
  before: Side | undefined,
  after: Side | undefined,
  spaces: CallSpaces,
): AccessChange[] {
  if (before?.access === undefined) return after?.access === undefined ? [] : opened(after.access);
  if (after?.access === undefined) return [change('removed', 'destination', 'may no longer reach %')];
  return before.spot.isRead ? compare(before, after, spaces) : compareUnread(before.access, after.access);
}
