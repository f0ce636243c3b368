/**
 * Reads the closed set the way its documentation tells a person to: find the region, the protocol, the permit whose calls
 * include this one. Of the decision it knows only the tables of operations, which permits refer to; globs, rules, denials and
 * tools it reads by itself, so that it cannot agree with the gateway by being the gateway.
 */
import { evaluate } from '@marcbachmann/cel-js';
import { isIP } from 'node:net';
import { cidrContains, compilePattern, parseCidr, parseIp } from '../../../contract/index.ts';
import {
  chatApiOf,
  operationTable,
  socketMethod,
  translatedPaths,
  translationOf,
  type RpcMessage,
} from '../../../decision/index.ts';
import type {
  Access,
  AgentReach,
  Calls,
  CallScope,
  CountedCalls,
  DestinationSet,
  KeptRecord,
  Permit,
  AskedArguments,
  ToolCalls,
  ToolLimit,
  ToolRule,
  ToolScope,
} from '../../../policy/reach/index.ts';
import type { Attempt } from './random/attempt.ts';
import { takesHttp } from './http-reader.ts';
import { renderWay } from './way.ts';

function matchesPattern(pattern: string, name: string): boolean {
  return pattern === name || (pattern.startsWith('*.') && pattern.slice(1) === name.slice(name.indexOf('.')));
}

function holdsName({ names, wildcards, others }: DestinationSet, name: string): boolean {
  if (names.includes(name)) return true;
  if (wildcards.some(({ pattern, except }) => matchesPattern(pattern, name) && !except.includes(name)))
    return true;
  return others !== undefined && !others.except.some((pattern) => matchesPattern(pattern, name));
}

function holdsAddress({ addresses }: DestinationSet, text: string): boolean {
  const address = parseIp(text)!;
  const within = (cidrs: readonly string[]) => cidrs.some((cidr) => cidrContains(parseCidr(cidr)!, address));
  return within(addresses.cidrs) && !within(addresses.except);
}

const globs = new Map<string, RegExp | undefined>();

/** A glob as a regular expression of the platform's own engine; undefined: it is none. */
function regexOf(glob: string): RegExp | undefined {
  if (globs.has(glob)) return globs.get(glob);
  let source = '';
  for (let at = 0; at < glob.length; at += 1) {
    const character = glob[at]!;
    if (character === '*') source += '[^]*';
    else if (character === '?') source += '[^]';
    else if (character === '[') {
      const end = glob.indexOf(']', at + 2);
      if (end < 0) return void globs.set(glob, undefined);
      source += glob.slice(at, end + 1).replaceAll('\\', '\\\\');
      at = end;
    } else if (character === '\\') {
      at += 1;
      source += (glob[at] ?? '').replace(/[^a-z0-9]/i, '\\$&');
    } else source += character.replace(/[.+(){}|^$/]/, '\\$&');
  }
  const regex = new RegExp(`^${source}$`);
  globs.set(glob, regex);
  return regex;
}

const fits = (texts: readonly string[], text: string): boolean =>
  texts.some((glob) => regexOf(glob)?.test(text) === true);
/** Without case. */
const fitsFolded = (texts: readonly string[], text: string): boolean =>
  fits(texts, text) ||
  fits(
    texts.map((each) => each.toLowerCase()),
    text.toLowerCase(),
  );
const found = (sources: readonly string[], text: string): boolean =>
  sources.some((source) => compilePattern(source)?.test(text) === true);
const foundFolded = (sources: readonly string[], text: string): boolean =>
  found(sources, text) || found(sources, text.toLowerCase());

/** Dots at the end of a segment, double slashes and escapes of what means something: two servers may read two paths. */
function isPlain(path: string): boolean {
  return !/\/\/|\.(\/|$)|%2F|%5C|[;\\]/i.test(path);
}

/** What a denial names, with a slash at the end or without. */
function isDeniedPath(endpoints: readonly string[], path: string): boolean {
  const bare = (text: string) => (text.length > 1 ? text.replace(/\/$/, '') : text);
  return fitsFolded(endpoints, path) || fitsFolded(endpoints.map(bare), bare(path));
}

type Model = { readonly named: string } | 'none' | 'unknown' | 'each';

const operationIn = (api: string | undefined, { method, path, upgrade }: Attempt) =>
  operationTable(api)(upgrade ? socketMethod : method, path);

/** The model a call names, as its API's operations say. */
function modelOf(api: string | undefined, attempt: Attempt): Model {
  const { method, upgrade, queryNames, hasBody, model, rpc } = attempt;
  const operation = operationIn(api, attempt);
  const inQuery = queryNames.includes('Model');
  if (operation === undefined) {
    const reads = ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
    return reads && !upgrade && !hasBody && !inQuery ? 'none' : 'unknown';
  }
  if (operation.model.from === 'nothing') return 'none';
  if (operation.model.from === 'path') return { named: operation.model.model };
  // Each of its messages is a call that names one.
  if (operation.model.from === 'messages') return hasBody || inQuery ? 'unknown' : 'each';
  if (operation.model.from === 'session') return 'unknown';
  return hasBody && !inQuery && rpc === undefined && model !== undefined ? { named: model } : 'unknown';
}

type Fit = 'yes' | 'no' | 'unknown';

function fitOf({ api, matches, http }: Calls, attempt: Attempt): Fit {
  if (http !== undefined) {
    return isPlain(attempt.path) && http.some((scope) => takesHttp(scope, attempt, false)) ? 'yes' : 'no';
  }
  const model = modelOf(api, attempt);
  const fit = ({ models, endpoints }: CallScope): Fit => {
    if (endpoints.length > 0 && !(isPlain(attempt.path) && fits(endpoints, attempt.path))) return 'no';
    if (models.length === 0) return 'yes';
    if (model === 'unknown') return 'unknown';
    if (model === 'each') return 'yes';
    return model !== 'none' && fits(models, model.named) ? 'yes' : 'no';
  };
  const all = matches.map(fit);
  return all.includes('yes') ? 'yes' : all.includes('unknown') ? 'unknown' : 'no';
}

/** What a Backend is asked for, as the rule's own API names it. */
function modelThere(
  api: string | undefined,
  { taken, way }: Permit,
  attempt: Attempt,
  there: Attempt,
): Model {
  const own = modelOf(api, there);
  if (own === 'none' || own === 'each') return own;
  const asked = modelOf(taken?.api, attempt);
  return typeof asked === 'object' ? { named: renamed(way.backend?.renames ?? [], asked.named) } : 'unknown';
}

function isDenied(
  { api, matches, http = [] }: Calls,
  attempt: Attempt,
  model = modelOf(api, attempt),
): boolean {
  if (http.some((scope) => takesHttp(scope, attempt, true))) return true;
  return matches.some(
    ({ models, endpoints }) =>
      (endpoints.length === 0 || !isPlain(attempt.path) || isDeniedPath(endpoints, attempt.path)) &&
      (models.length === 0 ||
        model === 'unknown' ||
        (typeof model === 'object' && fitsFolded(models, model.named))),
  );
}

interface Rename {
  readonly from: string;
  readonly to: string;
}

function renamed(renames: readonly Rename[], model: string): string {
  return renames.find(({ from }) => fits([from], model))?.to ?? model;
}

const sessionMethods = [
  ...['initialize', 'ping', 'server/discover', 'tools/list', 'resources/list', 'resources/templates/list'],
  ...['prompts/list', 'logging/setLevel', 'completion/complete'],
  ...['tasks/get', 'tasks/result', 'tasks/cancel', 'tasks/list'],
  ...['tasks/update', 'subscriptions/listen'],
];

interface Subject {
  readonly method: string;
  readonly tool: string | undefined;
  readonly resource: string | undefined;
}

function subjectOf({ method = '', params }: RpcMessage): Subject {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    method,
    tool: method === 'tools/call' ? text(params['name']) : undefined,
    resource: method.startsWith('resources/') ? text(params['uri']) : undefined,
  };
}

function takes(scope: ToolScope, { method, tool, resource }: Subject, folds: boolean): boolean {
  const [glob, pattern] = folds ? [fitsFolded, foundFolded] : [fits, found];
  if (scope.methods.length > 0 && !glob(scope.methods, method)) return false;
  if (scope.tools.length + scope.toolsRegex.length + scope.resources.length === 0) return true;
  return (
    (tool !== undefined && (glob(scope.tools, tool) || pattern(scope.toolsRegex, tool))) ||
    (resource !== undefined && glob(scope.resources, resource))
  );
}

/** By the library alone, not as the gateway does: attempts have plain arguments. */
function holdsFor({ expression, action }: AskedArguments, written: RpcMessage['arguments']): boolean {
  const text = typeof written === 'object' ? (written.text ?? '') : '{}';
  try {
    const answer: unknown = evaluate(expression, { arguments: JSON.parse(text) as object });
    return typeof answer === 'boolean' && answer === (action === 'Allow');
  } catch {
    return false;
  }
}

function passesArguments({ asked }: ToolLimit, tool: string, message: RpcMessage): boolean {
  return asked
    .filter(
      ({ tools, toolsRegex }) =>
        tools.length + toolsRegex.length === 0 || fitsFolded(tools, tool) || foundFolded(toolsRegex, tool),
    )
    .every((rule) => holdsFor(rule, message.arguments));
}

function passesLimit(limit: ToolLimit, tool: string): boolean {
  const { allowedTools, allowedToolsRegex, deniedTools, deniedToolsRegex } = limit;
  const listed = allowedTools.length + allowedToolsRegex.length > 0;
  if (listed && !fits(allowedTools, tool) && !found(allowedToolsRegex, tool)) return false;
  if (fitsFolded(deniedTools, tool) || foundFolded(deniedToolsRegex, tool)) return false;
  return !fitsFolded(limit.uncountedTools, tool) && !foundFolded(limit.uncountedToolsRegex, tool);
}

/** False: refused. */
function judgeMessage(mcp: ToolCalls, message: RpcMessage): false | ToolRule | undefined {
  if (message.method === undefined) return undefined;
  const subject = subjectOf(message);
  if (subject.method === 'tools/call' && !/^[\x21-\x7e]{1,256}$/.test(subject.tool ?? '')) return false;
  if (!/^[\x21-\x7e]{1,128}$/.test(subject.method)) return false;
  const letters = subject.method.toLowerCase().replace(/[^a-z]/g, '');
  const governed = [
    'tools/call',
    'resources/read',
    'resources/subscribe',
    'resources/unsubscribe',
    'prompts/get',
  ];
  if (governed.some((each) => each !== subject.method && each.replace('/', '') === letters)) return false;
  if (mcp.denied.some(({ matches }) => matches.some((scope) => takes(scope, subject, true)))) return false;
  const rule = mcp.rules.find(({ matches }) => matches.some((scope) => takes(scope, subject, false)));
  if (rule !== undefined) {
    const { tool } = subject;
    const passes =
      !rule.refused &&
      (tool === undefined ||
        rule.limits.every((each) => passesLimit(each, tool) && passesArguments(each, tool, message)));
    return passes && rule;
  }
  const isSession = sessionMethods.includes(subject.method) || subject.method.startsWith('notifications/');
  return mcp.othersPass || isSession ? undefined : false;
}

/** A person decides about it. */
function isConfirmed(mcp: ToolCalls, message: RpcMessage): boolean {
  const rule = judgeMessage(mcp, message);
  const { tool } = subjectOf(message);
  if (!rule || tool === undefined) return false;
  return rule.limits.some(({ confirmedTools }) => fitsFolded(confirmedTools, tool));
}

/** Do the fields `Mcp-Method` and `Mcp-Name` say of each message what it says of itself? */
function claimsHold({ fields, hasBody, rpc = [] }: Attempt): boolean {
  const claims = fields.filter(({ name }) => ['mcp-method', 'mcp_method', 'mcp-name'].includes(name));
  if (!hasBody) return claims.length === 0;
  return claims.every(({ name, value }) =>
    rpc.every(({ method, params }) => {
      if (name !== 'mcp-name') return method === value;
      const own = params['name'] ?? params['uri'];
      return own === (value.startsWith('=?') ? 'search_x' : value);
    }),
  );
}

/** The rules of its messages that a rule took; false: refused. */
function judgeTools(
  mcp: ToolCalls | undefined,
  attempt: Attempt,
): false | ReadonlyArray<{ readonly rule: ToolRule; readonly tool: string | undefined }> {
  if (mcp === undefined) return [];
  const { upgrade, queryNames, method, hasBody, rpc } = attempt;
  if (!claimsHold(attempt)) return false;
  const odd = ['jsonrpc', 'method', 'params', 'name', 'tool'];
  if (upgrade || queryNames.some((name) => odd.includes(name.toLowerCase()))) return false;
  const othersGo = mcp.othersElsewhere !== true;
  if (!hasBody) return othersGo && ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method) ? [] : false;
  if (rpc === undefined) return false;
  const judged = rpc.map((message) => ({ message, rule: judgeMessage(mcp, message) }));
  if (judged.some(({ rule }) => rule === false)) return false;
  // All of a request goes one way.
  if (judged.some(({ rule }) => (rule ? rule.elsewhere === true : !othersGo))) return false;
  if (rpc.length > 1 && rpc.some((message) => isConfirmed(mcp, message))) return false;
  return judged.flatMap(({ message, rule }) => (rule ? [{ rule, tool: subjectOf(message).tool }] : []));
}

type Counts = Map<string, { readonly limit: CountedCalls; readonly calls: number }>;

/** As how many calls it counts under which limit. */
function countsOf({ way }: Permit, judged: Exclude<ReturnType<typeof judgeTools>, false>): Counts {
  const counts: Counts = new Map();
  for (const { rule, tool } of judged) {
    const tools = tool === undefined ? [] : rule.limits.flatMap(({ counted }) => counted);
    const about = tools.filter(
      (each) =>
        each.tools.length + each.toolsRegex.length === 0 ||
        fitsFolded(each.tools, tool ?? '') ||
        foundFolded(each.toolsRegex, tool ?? ''),
    );
    const all = new Map(
      [...rule.counted, ...about.map(({ limit }) => limit)].map((each) => [each.account, each]),
    );
    for (const [account, limit] of all) {
      counts.set(account, { limit, calls: (counts.get(account)?.calls ?? 0) + 1 });
    }
  }
  for (const limit of way.limits ?? []) {
    if (!counts.has(limit.account)) counts.set(limit.account, { limit, calls: 1 });
  }
  return counts;
}

function isRenamedInPath({ taken, way }: Permit, attempt: Attempt): boolean {
  if (way.backend?.as !== undefined) return false;
  const model = operationIn(taken?.api, attempt)?.model;
  return model?.from === 'path' && renamed(way.backend?.renames ?? [], model.model) !== model.model;
}

/** Under a budget only what can be counted passes; `free` calls are not counted. */
function countOf({ taken, way, mcp }: Permit, attempt: Attempt): 'counted' | 'free' | 'refused' {
  const { method, path, upgrade } = attempt;
  if (way.budget === undefined) return 'free';
  if (upgrade) {
    const opens = operationIn(taken?.api, attempt)?.model.from === 'messages' && !attempt.hasBody;
    return opens ? 'free' : 'refused';
  }
  const operation = operationTable(taken?.api)(method, path);
  const reads = ['GET', 'HEAD', 'DELETE', 'OPTIONS'].includes(method);
  if (operation?.name !== undefined && operation.shape !== 'bedrock-invoke') {
    return attempt.hasBody && mcp === undefined ? 'counted' : 'refused';
  }
  if (operation?.shape === 'bedrock-invoke') return 'refused';
  return reads || operation?.free === true ? 'free' : 'refused';
}

function namesModel(api: string | undefined, { method, path, upgrade }: Attempt): boolean {
  const operation = operationTable(api)(method, path);
  return !upgrade && operation !== undefined && operation.model.from !== 'nothing';
}

/** A conversation as its Backend sees it, in each way it may come; none: it cannot be translated. */
function arrivals({ taken, way, mcp }: Permit, attempt: Attempt): Attempt[] {
  const { method, path, upgrade, hasBody } = attempt;
  const { name = '', as: schema = '', renames = [] } = way.backend ?? {};
  const operation = operationTable(taken?.api)(method, path);
  const translation = translationOf({ isForeign: true, backend: { name, schema } }, operation);
  const asked = modelOf(taken?.api, attempt);
  if (chatApiOf(operation) === undefined || translation === undefined) return [];
  if (upgrade || !hasBody || mcp !== undefined || typeof asked !== 'object') return [];
  const paths = translatedPaths(translation, renamed(renames, asked.named));
  return paths.every(isPlain) ? paths.map((each) => ({ ...attempt, path: each })) : [];
}

export function covers(permit: Permit, attempt: Attempt): boolean {
  const { taken, earlier, denied, deniedThere } = permit;
  if (permit.modelCalls === true && !namesModel(taken?.api, attempt)) return false;
  if (permit.chatCalls === true && arrivals(permit, attempt).length === 0) return false;
  if (permit.plainPaths && !isPlain(attempt.path)) return false;
  if (judgeTools(permit.mcp, attempt) === false) return false;
  if (denied.some((each) => isDenied(each, attempt))) return false;
  const before = earlier.map((each) => fitOf(each, attempt)).find((fit) => fit !== 'no');
  if (taken === undefined ? before === 'yes' : before !== undefined) return false;
  if (taken !== undefined && fitOf(taken, attempt) !== 'yes') return false;
  if (isRenamedInPath(permit, attempt) || countOf(permit, attempt) === 'refused') return false;
  const there = permit.chatCalls === true ? arrivals(permit, attempt) : [attempt];
  return !deniedThere.some((each) =>
    there.some((arrival) => isDenied(each, arrival, modelThere(each.api, permit, attempt, arrival))),
  );
}

function joinedLogging(rules: readonly KeptRecord[]): KeptRecord | undefined {
  if (rules.length === 0) return undefined;
  return {
    captureRequest: rules.every((rule) => rule.captureRequest),
    captureResponse: rules.every((rule) => rule.captureResponse),
    redactHeaders: [...new Set(rules.flatMap((rule) => rule.redactHeaders))],
  };
}

const protocols = { tls: ['HTTPS', 'TLS'], http1: ['HTTP'], raw: ['TCP'] } as const;

function wayOf(access: Access, permit: Permit, attempt: Attempt): string {
  const { backend, via, pinned, credentials, logging, copies = [] } = permit.way;
  const { hostname, ip, port } = attempt;
  const { trust, capture, timeoutMs } = access.manner;
  const inspected = access.protocol.startsWith('HTTP');
  const judged = judgeTools(inspected ? permit.mcp : undefined, attempt) || [];
  const { mcp } = permit;
  const isToolAsked =
    inspected && mcp !== undefined && (attempt.rpc ?? []).some((message) => isConfirmed(mcp, message));
  return renderWay({
    protocol: access.protocol,
    target: [
      backend === undefined ? `${hostname ?? ip}:${port}` : `${backend.host}:${backend.port}`,
      ...(via === undefined ? [] : [`${via.host}:${via.port}`]),
    ]
      .join(' at ')
      // Of what the agent itself asked for without TLS nothing is told.
      .concat(backend?.plain === true && attempt.wire === 'tls' ? ' bare' : ''),
    pinned,
    credentials: credentials.map(
      ({ place, name, secret }) => `${place} ${name}=${secret?.name ?? ''}/${secret?.key ?? ''}`,
    ),
    renames: backend?.renames ?? [],
    asksUsage: backend?.asksUsage ?? false,
    headers: permit.way.headers,
    audited: permit.way.audited === true,
    asksPerson: isToolAsked || permit.way.asksPerson === true,
    budget: countOf(permit, attempt) === 'counted' ? permit.way.budget : undefined,
    logging: joinedLogging([
      ...(logging === undefined ? [] : [logging]),
      ...judged.flatMap(({ rule }) => rule.logging ?? []),
    ]),
    copies: [...copies, ...judged.flatMap(({ rule }) => rule.copies ?? [])].map(({ endpoint }) => endpoint),
    counts: [...countsOf(permit, judged).values()],
    trust: trust?.split('/')[1] ?? '',
    captured: capture.maxBytes,
    timeoutMs,
  });
}

export function holds({ destinations, ports }: AgentReach['regions'][number], attempt: Attempt): boolean {
  const { hostname, ip, port } = attempt;
  if (!ports.some(({ start, end }) => port >= start && port <= end)) return false;
  return hostname === undefined
    ? isIP(ip) !== 0 && holdsAddress(destinations, ip)
    : holdsName(destinations, hostname);
}

export function readReach(reach: readonly AgentReach[], attempt: Attempt): string[] {
  const own = reach.find(({ agent }) => agent === attempt.agent);
  const regions = (own?.regions ?? []).filter((region) => holds(region, attempt));
  if (regions.length > 1) throw new Error(`in ${regions.length} regions at once`);
  return readRegions(regions, attempt);
}

/** What all of these say, which hold the attempt's destination. */
export function readRegions(regions: AgentReach['regions'], attempt: Attempt): string[] {
  const wanted: readonly string[] = protocols[attempt.wire];
  const accesses = regions.flatMap(({ value }) => value).filter(({ protocol }) => wanted.includes(protocol));
  const ways = accesses.flatMap((access) =>
    access.permits
      .filter((permit) => !access.protocol.startsWith('HTTP') || covers(permit, attempt))
      .map((permit) => wayOf(access, permit, attempt)),
  );
  return [...new Set(ways)].sort();
}
