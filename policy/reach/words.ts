/**
 * Reach in words: places, calls, ways, agents. One place, so that table, sentences and diff agree. Every foreign text stands in
 * quotes, so that a sentence is read back in one way only; test/policy/reach parses them. Pure.
 */
import { renderUsd, type HeaderEdit } from '../../contract/index.ts';
import { quote, quoted, renderCopy, renderCounted, renderLogging, renderSpan } from './phrases.ts';
import { mcpParts } from './tool-words.ts';
import type { DestinationSet, PortSpan } from './partition.ts';
import type { CountedUse, Calls, CallScope, Credential, HttpScope, Permit, TokenUse, Way } from './permit.ts';

const except = (texts: readonly string[]): string => (texts.length === 0 ? '' : ` (except ${quoted(texts)})`);

/** Each kind of destination as one text. */
function destinationTexts({ names, wildcards, others, addresses }: DestinationSet): string[] {
  const [v4, v6] = ['0.0.0.0/0', '::/0'].map((cidr) => addresses.cidrs.includes(cidr));
  const every = v4 ? (v6 ? 'every address' : 'every IPv4 address') : v6 ? 'every IPv6 address' : undefined;
  const cidrs = addresses.cidrs.filter((cidr) => cidr !== '0.0.0.0/0' && cidr !== '::/0').map(quote);
  const ranges = [...cidrs, ...(every === undefined ? [] : [every])];
  const last = ranges.pop();
  return [
    ...names.map(quote),
    ...wildcards.map(({ pattern, except: left }) => `${quote(pattern)}${except(left)}`),
    ...(others === undefined
      ? []
      : [`every${names.length > 0 ? ' other' : ''} name${except(others.except)}`]),
    ...ranges,
    ...(last === undefined ? [] : [`${last}${except(addresses.except)}`]),
  ];
}

export function renderDestinations(destinations: DestinationSet): string {
  return destinationTexts(destinations).join(', ').replaceAll('`', '');
}

export function renderPorts(ports: readonly PortSpan[]): string {
  if (ports.length === 1 && ports[0]?.start === 1 && ports[0].end === 65_535) return 'every port';
  return ports.map(({ start, end }) => (start === end ? String(start) : `${start}-${end}`)).join(', ');
}

/** `api.stripe.com:443`, or the destinations and `on port …`. */
export function renderPlaces(destinations: DestinationSet, ports: readonly PortSpan[]): string {
  const [only, ...more] = ports;
  const { names, wildcards, others, addresses } = destinations;
  const simple =
    others === undefined &&
    addresses.cidrs.length === 0 &&
    wildcards.every((each) => each.except.length === 0);
  if (only !== undefined && more.length === 0 && only.start === only.end && simple) {
    return quoted(
      [...names, ...wildcards.map(({ pattern }) => pattern)].map((name) => `${name}:${only.start}`),
    );
  }
  const where = renderPorts(ports);
  return `${destinationTexts(destinations).join(', ')} on ${where.startsWith('every') ? where : `port ${where}`}`;
}

const listed = (noun: string, texts: readonly string[]): string[] =>
  texts.length === 0 ? [] : [`${noun}${texts.length === 1 ? '' : 's'} ${quoted(texts)}`];

export function renderScope({ models, endpoints }: CallScope): string {
  return [...listed('model', models), ...listed('endpoint', endpoints)].join(' at ') || 'every call';
}

const named = (noun: string, list: HttpScope['headers']): string =>
  list
    .map(
      ({ name, values }) =>
        ` with ${noun} ${quote(name)}${values.length === 0 ? '' : ` as ${quoted(values)}`}`,
    )
    .join('');

function renderPath({ path }: HttpScope): string {
  if (path === undefined) return '';
  switch (path.type) {
    case 'Exact':
      return ` at path ${quote(path.value)}`;
    case 'PathPrefix':
      return ` at or below ${quote(path.value)}`;
    case 'Template':
      return ` at paths like ${quote(path.value)}`;
    case 'RegularExpression':
      return ` at paths that fit /${quote(path.value)}/`;
    default:
      return path.type satisfies never;
  }
}

export function renderHttpScope(scope: HttpScope): string {
  const { methods, queryParams, headers, contentTypes, maxBodyBytes, webSocket } = scope;
  return [
    `calls by ${methods.includes('*') ? 'every method' : quoted(methods)}`,
    renderPath(scope),
    named('query parameter', queryParams),
    named('header', headers),
    contentTypes.length === 0 ? '' : ` with bodies of ${quoted(contentTypes)}`,
    maxBodyBytes === undefined ? '' : ` with at most ${maxBodyBytes} bytes of body`,
    webSocket ? ' and as WebSocket' : '',
  ].join('');
}

export function renderCalls({ api, matches, http }: Calls, namesModels = false): string {
  if (http !== undefined) return http.map(renderHttpScope).join(' or ') || 'no call';
  const scopes = matches.map(renderScope).join(' or ') || 'no call';
  // Which API it is matters only where a model is asked for.
  const isNamed = api !== undefined && (namesModels || matches.some(({ models }) => models.length > 0));
  return isNamed ? `${scopes} of ${quote(api)}` : scopes;
}

const placeWords = {
  header: 'header',
  query: 'query parameter',
  signature: 'AWS signature',
  token: 'a token from',
} as const;

/** Without the policy by which it comes. */
export function renderPlacedSecret({ place, name, secret }: Omit<Credential, 'policy'>): string {
  const from = secret === undefined ? 'unknown' : quote(`${secret.namespace}/${secret.name}/${secret.key}`);
  return `with credential ${from} in ${placeWords[place]} ${quote(name)}`;
}

export function renderCredential(credential: Credential): string {
  return `${renderPlacedSecret(credential)} by policy ${quote(credential.policy)}`;
}

/** Behind the host of a Backend. */
export function renderTurn({ place, of }: NonNullable<NonNullable<Way['backend']>['turn']>): string {
  return ` as number ${place} of ${of} in turn`;
}

function backendPart({ backend }: Way): string[] {
  if (backend === undefined) return [];
  const { name, host, port, weight, of, turn, renames, asksUsage, as, plain } = backend;
  return [
    [
      `sent to Backend ${quote(name)} at ${quote(`${host}:${port}`)}`,
      ...(plain === true ? [' in plain HTTP'] : []),
      ...(as === undefined ? [] : [` translated to ${quote(as)}`]),
      ...(weight === of ? [] : [` for ${weight} of ${of} invocations`]),
      ...(turn === undefined ? [] : [renderTurn(turn)]),
      ...renames.map(({ from, to }) => `, model ${quote(from)} as ${quote(to)}`),
      ...(asksUsage ? [', usage asked for'] : []),
    ].join(''),
  ];
}

/** `isNamed` false: where the name of a Backend is no part of what is told. */
export function viaParts({ via }: Pick<Way, 'via'>, isNamed = true): string[] {
  if (via === undefined) return [];
  const { name, host, port, weight, of } = via;
  const who = isNamed ? `Backend ${quote(name)} at ` : '';
  return [
    `dialled at ${who}${quote(`${host}:${port}`)}${weight === of ? '' : ` for ${weight} of ${of} invocations`}`,
  ];
}

const periods = { day: 'a UTC day', execution: 'an execution' } as const;

function renderTokenUse(use: TokenUse): string {
  const { tokens, account } = use;
  return use.period === 'window'
    ? `within ${tokens} tokens${renderSpan(use)} of count ${quote(account)}`
    : `within ${tokens} tokens ${periods[use.period]} of budget ${quote(account)}`;
}

function budgetParts({ limits, costs = [], maxOutputTokens }: CountedUse): string[] {
  return [
    ...limits.map(renderTokenUse),
    ...costs.map(
      ({ nanoUsd, period, account }) =>
        `within $${renderUsd(nanoUsd)} ${periods[period]} of budget ${quote(account)}, calls of known price alone`,
    ),
    ...(maxOutputTokens === undefined ? [] : [`answers of ${maxOutputTokens} tokens at most`]),
  ];
}

function headerParts({ set, add, remove, hide }: HeaderEdit): string[] {
  return [
    ...set.map(({ name, value }) => `with header ${quote(name)} set to ${quote(value)}`),
    ...add.map(({ name, value }) => `with header ${quote(name)} of ${quote(value)} added`),
    ...(remove.length === 0 ? [] : [`without header ${quoted(remove)}`]),
    ...(hide.length === 0 ? [] : [`answers without header ${quoted(hide)}`]),
  ];
}

export function wayParts(way: Way): string[] {
  const logging = renderLogging(way.logging);
  return [
    ...backendPart(way),
    ...viaParts(way),
    ...(way.pinned === undefined ? [] : [`at the pinned address ${quoted(way.pinned)}`]),
    ...way.credentials.map(renderCredential),
    ...(way.audited === true ? ['by audit alone'] : []),
    ...(way.asksPerson === true ? ["with a person's approval"] : []),
    ...(way.headers === undefined ? [] : headerParts(way.headers)),
    ...(way.budget === undefined ? [] : budgetParts(way.budget)),
    ...(way.limits ?? []).map(renderCounted),
    ...(logging === '' ? [] : [logging]),
    ...(way.copies ?? []).map((copy) => `copying its record to ${renderCopy(copy)}`),
  ];
}

/** What a call is read as matters beyond the calls that are taken. */
function tellsApi({ deniedThere, modelCalls, chatCalls, way: { backend, budget } }: Permit): boolean {
  const reads = modelCalls === true || chatCalls === true || budget !== undefined;
  return reads || deniedThere.length > 0 || (backend?.renames.length ?? 0) > 0;
}

/** Which calls, without the way they go; empty: every call. */
export function callParts(permit: Permit): string[] {
  const { taken, earlier, denied, deniedThere, mcp, plainPaths, modelCalls, chatCalls } = permit;
  const judged = taken !== undefined || earlier.length + denied.length > 0 || mcp !== undefined;
  return [
    ...(taken === undefined ? [] : [`for ${renderCalls(taken, tellsApi(permit))}`]),
    ...earlier.map((calls) => `but not what an earlier rule takes: ${renderCalls(calls)}`),
    ...denied.map((calls) => `but not, by policy ${quote(calls.policy)}: ${renderCalls(calls)}`),
    ...deniedThere.map((calls) => `but not there, by policy ${quote(calls.policy)}: ${renderCalls(calls)}`),
    ...(modelCalls === true ? ['only calls that name a model'] : []),
    ...(chatCalls === true ? ['only conversations'] : []),
    ...(mcp === undefined ? [] : mcpParts(mcp)),
    ...(plainPaths && !judged ? ['with a plain path'] : []),
  ];
}

/** `triage` where the namespace goes without saying, else `team/triage`; with its kind where two share a name. */
export function agentNames(ids: readonly string[]): (id: string) => string {
  const namespaces = new Set(ids.map((id) => id.split('/')[1]));
  const short = (id: string): string =>
    id
      .split('/')
      .slice(namespaces.size > 1 ? 1 : 2)
      .join('/');
  const counts = new Map<string, number>();
  for (const id of new Set(ids)) counts.set(short(id), (counts.get(short(id)) ?? 0) + 1);
  return (id) => ((counts.get(short(id)) ?? 0) > 1 ? id : short(id));
}
