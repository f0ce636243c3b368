/** Reads a sentence of `clrk reach -o sentences` back to what it was made from, by the grammar of policy/reach/words.ts. */
import type { HeaderEdit } from '../../../contract/index.ts';
import type { StandingAnswer } from '../../../decision/index.ts';
import type {
  Access,
  AgentReach,
  Calls,
  CallScope,
  CountedCalls,
  AskedArguments,
  CountedTools,
  CountedUse,
  DestinationSet,
  HttpScope,
  KeptRecord,
  Permit,
  PortSpan,
  ReachProtocol,
  RecordCopy,
  ToolCalls,
  ToolLimit,
  ToolRule,
  ToolScope,
} from '../../../policy/reach/index.ts';

type Draft<T> = { -readonly [K in keyof T]: T[K] };

class Reader {
  #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get isDone(): boolean {
    return this.#text === '';
  }

  sees(pattern: RegExp): boolean {
    return pattern.test(this.#text);
  }

  eat(literal: string): boolean {
    if (!this.#text.startsWith(literal)) return false;
    this.#text = this.#text.slice(literal.length);
    return true;
  }

  must(literal: string): void {
    if (!this.eat(literal)) throw new Error(`expected "${literal}" at "${this.#text.slice(0, 80)}"`);
  }

  take(pattern: RegExp): string {
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new Error(`expected ${pattern.source} at "${this.#text.slice(0, 80)}"`);
    this.#text = this.#text.slice(found.length);
    return found;
  }

  quote(): string {
    if (this.sees(/^"/)) return JSON.parse(this.take(/^"(?:[^"\\]|\\.)*"/)) as string;
    return this.take(/^`[^`]*`/).slice(1, -1);
  }

  quotes(): string[] {
    const all = [this.quote()];
    while (this.sees(/^, [`"]/)) {
      this.must(', ');
      all.push(this.quote());
    }
    return all;
  }

  number(): number {
    return Number(this.take(/^\d+/));
  }

  decimal(): number {
    return Number(this.take(/^\d+(?:\.\d+)?/));
  }
}

function scope(reader: Reader): CallScope {
  const found: Draft<CallScope> = { models: [], endpoints: [] };
  if (reader.eat('every call')) return found;
  if (reader.eat('models ') || reader.eat('model ')) found.models = reader.quotes();
  if (found.models.length > 0 && !reader.eat(' at ')) return found;
  if (reader.eat('endpoints ') || reader.eat('endpoint ')) found.endpoints = reader.quotes();
  return found;
}

const pathTypes = [
  [' at path ', 'Exact'],
  [' at or below ', 'PathPrefix'],
  [' at paths like ', 'Template'],
] as const;

function named(reader: Reader, noun: string): HttpScope['headers'] {
  const found: HttpScope['headers'] = [];
  while (reader.eat(` with ${noun} `)) {
    const name = reader.quote();
    found.push({ name, values: reader.eat(' as ') ? reader.quotes() : [] });
  }
  return found;
}

function httpScope(reader: Reader): HttpScope {
  reader.must('calls by ');
  const methods = reader.eat('every method') ? ['*'] : reader.quotes();
  let path: HttpScope['path'];
  for (const [word, type] of pathTypes) if (reader.eat(word)) path = { type, value: reader.quote() };
  if (reader.eat(' at paths that fit /')) {
    path = { type: 'RegularExpression', value: reader.quote() };
    reader.must('/');
  }
  const queryParams = named(reader, 'query parameter');
  const headers = named(reader, 'header');
  const contentTypes = reader.eat(' with bodies of ') ? reader.quotes() : [];
  let maxBodyBytes: number | undefined;
  if (reader.eat(' with at most ')) {
    maxBodyBytes = reader.number();
    reader.must(' bytes of body');
  }
  return {
    ...{ methods, queryParams, headers, contentTypes },
    ...(path === undefined ? {} : { path }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    webSocket: reader.eat(' and as WebSocket'),
  };
}

function calls(reader: Reader): Calls {
  if (reader.eat('no call')) return { matches: [] };
  if (reader.sees(/^calls by /)) {
    const http = [httpScope(reader)];
    while (reader.eat(' or ')) http.push(httpScope(reader));
    return { matches: [], http };
  }
  const matches = [scope(reader)];
  while (reader.eat(' or ')) matches.push(scope(reader));
  return reader.eat(' of ') ? { api: reader.quote(), matches } : { matches };
}

/** Globs, and patterns between slashes. */
function names(reader: Reader): { readonly globs: string[]; readonly patterns: string[] } {
  const found = { globs: [] as string[], patterns: [] as string[] };
  for (;;) {
    if (reader.eat('/')) {
      found.patterns.push(reader.quote());
      reader.must('/');
    } else found.globs.push(reader.quote());
    if (!reader.sees(/^, [`"/]/)) return found;
    reader.must(', ');
  }
}

function toolScope(reader: Reader): ToolScope {
  const found: Draft<ToolScope> = { tools: [], toolsRegex: [], resources: [], methods: [] };
  if (!reader.eat('anything')) {
    if (reader.eat('tools ')) {
      const { globs, patterns } = names(reader);
      Object.assign(found, { tools: globs, toolsRegex: patterns });
    }
    reader.eat(' and ');
    if (reader.eat('resources ')) found.resources = reader.quotes();
  }
  if (reader.eat(' by methods ')) found.methods = reader.quotes();
  return found;
}

function toolScopes(reader: Reader): ToolScope[] {
  if (reader.eat('nothing')) return [];
  const all = [toolScope(reader)];
  while (reader.eat(' or ')) all.push(toolScope(reader));
  return all;
}

/** Behind what is counted. */
function span(reader: Reader): Omit<CountedCalls, 'calls'> {
  const scope = reader.eat(' of an agent')
    ? 'PerAgent'
    : reader.eat(' of an execution')
      ? 'PerExecution'
      : reader.eat(' of the gateway')
        ? 'PerGateway'
        : 'PerRoute';
  let window = reader.eat(' in ') ? reader.number() : undefined;
  if (window !== undefined && !reader.eat(' ms')) {
    reader.must(' s');
    window *= 1_000;
  }
  reader.must(' of count ');
  return {
    scope,
    account: reader.quote(),
    ...(window === undefined ? {} : { windowMs: window }),
  };
}

/** Behind `at most `. */
function counted(reader: Reader): CountedCalls {
  const calls = reader.number();
  reader.must(' calls');
  return { calls, ...span(reader) };
}

/** Behind `within `. */
type Cost = NonNullable<CountedUse['costs']>[number];

function countedUse(reader: Reader, { limits = [], ...rest }: Partial<CountedUse>): CountedUse {
  const isMoney = reader.eat('$');
  const amount = isMoney ? reader.decimal() : reader.number();
  if (!isMoney) reader.must(' tokens');
  const period = reader.eat(' a UTC day') ? 'day' : reader.eat(' an execution') ? 'execution' : 'window';
  if (period === 'window') {
    const { windowMs = 0, ...of } = span(reader);
    return { ...rest, limits: [...limits, { tokens: amount, period, windowMs, ...of }] };
  }
  reader.must(' of budget ');
  const account = reader.quote();
  if (!isMoney) return { ...rest, limits: [...limits, { tokens: amount, period, account }] };
  reader.must(', calls of known price alone');
  const cost: Cost = { nanoUsd: Math.round(amount * 1e9), period, account };
  return { ...rest, limits, costs: [...(rest.costs ?? []), cost] };
}

function countedTools(reader: Reader): CountedTools {
  const limit = counted(reader);
  reader.must(' to ');
  if (reader.eat('every tool')) return { tools: [], toolsRegex: [], limit };
  reader.must('tools ');
  const { globs, patterns } = names(reader);
  return { tools: globs, toolsRegex: patterns, limit };
}

function askedArguments(reader: Reader, action: AskedArguments['action']): AskedArguments {
  const expression = reader.quote();
  if (reader.eat(' for every tool')) return { tools: [], toolsRegex: [], action, expression };
  reader.must(' for tools ');
  const { globs, patterns } = names(reader);
  return { tools: globs, toolsRegex: patterns, action, expression };
}

function toolLimit(reader: Reader): ToolLimit {
  const found: Draft<ToolLimit> = {
    ...{ allowedTools: [], allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [] },
    ...{ confirmedTools: [], uncountedTools: [], uncountedToolsRegex: [], counted: [], asked: [] },
  };
  do {
    if (reader.eat('with approval tools ')) {
      found.confirmedTools = names(reader).globs;
      continue;
    }
    const action = reader.eat('only with arguments where ')
      ? 'Allow'
      : reader.eat('not with arguments where ')
        ? 'Deny'
        : undefined;
    if (action !== undefined) {
      found.asked = [...found.asked, askedArguments(reader, action)];
      continue;
    }
    if (reader.eat('at most ')) {
      found.counted = [...found.counted, countedTools(reader)];
      continue;
    }
    const kind = reader.eat('only tools ')
      ? 'allowed'
      : reader.eat('not yet tools ')
        ? 'uncounted'
        : (reader.must('not tools '), 'denied');
    const { globs, patterns } = names(reader);
    Object.assign(found, { [`${kind}Tools`]: globs, [`${kind}ToolsRegex`]: patterns });
  } while (reader.eat(', '));
  reader.must(')');
  return found;
}

function logging(reader: Reader): KeptRecord | undefined {
  return reader.eat('recorded ') ? recorded(reader) : undefined;
}

function recorded(reader: Reader): KeptRecord {
  if (reader.eat('whole')) return { captureRequest: true, captureResponse: true, redactHeaders: [] };
  reader.must('without ');
  const found = { captureRequest: true, captureResponse: true, redactHeaders: [] as string[] };
  do {
    if (reader.eat('request bodies')) found.captureRequest = false;
    else if (reader.eat('answer bodies')) found.captureResponse = false;
    else {
      reader.must('header ');
      found.redactHeaders.push(reader.quote());
    }
  } while (reader.eat(', '));
  return found;
}

function toolRule(reader: Reader): ToolRule {
  const matches = toolScopes(reader);
  const refused = reader.eat(', none of which passes yet');
  const elsewhere = reader.eat(', all of which go another way');
  const all: CountedCalls[] = [];
  while (reader.eat(', at most ')) all.push(counted(reader));
  const limits: ToolLimit[] = [];
  while (reader.eat(' (')) limits.push(toolLimit(reader));
  const kept = reader.eat(', recorded ') ? recorded(reader) : undefined;
  const copies: RecordCopy[] = [];
  while (reader.eat(', copying its record to ')) copies.push(recordCopy(reader));
  return {
    ...{ matches, refused, counted: all, limits },
    ...(elsewhere ? { elsewhere: true as const } : {}),
    ...(kept === undefined ? {} : { logging: kept }),
    ...(copies.length === 0 ? {} : { copies }),
  };
}

interface Parts {
  readonly permit: Omit<Draft<Permit>, 'way'> & { readonly way: Draft<Permit['way']> };
  readonly manner: Draft<Access['manner']>;
}

function backend(reader: Reader): NonNullable<Permit['way']['backend']> {
  const name = reader.quote();
  reader.must(' at ');
  const [host = '', port] = reader.quote().split(':');
  const found: Draft<Omit<NonNullable<Permit['way']['backend']>, 'renames'>> = {
    ...{ name, host, port: Number(port), weight: 1, of: 1, asksUsage: false },
  };
  const renames: Array<{ from: string; to: string }> = [];
  if (reader.eat(' in plain HTTP')) found.plain = true;
  if (reader.eat(' translated to ')) found.as = reader.quote();
  if (reader.eat(' for ')) {
    found.weight = reader.number();
    reader.must(' of ');
    found.of = reader.number();
    reader.must(' invocations');
  }
  if (reader.eat(' as number ')) {
    const place = reader.number();
    reader.must(' of ');
    found.turn = { place, of: reader.number() };
    reader.must(' in turn');
  }
  while (reader.eat(', model ')) {
    const from = reader.quote();
    reader.must(' as ');
    renames.push({ from, to: reader.quote() });
  }
  found.asksUsage = reader.eat(', usage asked for');
  return { ...found, renames };
}

function copyHeader(reader: Reader): RecordCopy['headers'][number] {
  if (reader.eat(' with credential ')) {
    const [namespace = '', name = '', key = ''] = reader.quote().split('/');
    reader.must(' in header ');
    return { name: reader.quote(), secret: { namespace, name, key } };
  }
  reader.must(' with header ');
  const name = reader.quote();
  reader.must(' of digest ');
  return { name, fingerprint: reader.quote() };
}

function recordCopy(reader: Reader): RecordCopy {
  const endpoint = reader.quote();
  const headers: Array<RecordCopy['headers'][number]> = [];
  while (reader.sees(/^ with /)) headers.push(copyHeader(reader));
  return { endpoint, headers };
}

const credentialPlaces = [
  [' in header ', 'header'],
  [' in AWS signature ', 'signature'],
  [' in a token from ', 'token'],
] as const;

function headersOf({ permit }: Parts): Draft<HeaderEdit> {
  const headers = permit.way.headers ?? { set: [], add: [], remove: [], hide: [] };
  permit.way.headers = headers;
  return headers;
}

function credential(reader: Reader): Permit['way']['credentials'][number] {
  const from = reader.eat('unknown') ? undefined : reader.quote().split('/');
  const place = credentialPlaces.find(([words]) => reader.eat(words))?.[1] ?? 'query';
  if (place === 'query') reader.must(' in query parameter ');
  const name = reader.quote();
  reader.must(' by policy ');
  const policy = reader.quote();
  const [namespace = '', secret = '', key = ''] = from ?? [];
  return { policy, place, name, ...(from === undefined ? {} : { secret: { namespace, name: secret, key } }) };
}

type Handler = (reader: Reader, parts: Parts) => void;

function mcpOf({ permit }: Parts): Draft<ToolCalls> {
  permit.mcp ??= { denied: [], rules: [], othersPass: false, deniedRequests: [] };
  return permit.mcp;
}

function othersGo(reader: Reader, parts: Parts): void {
  if (reader.eat(', another way')) mcpOf(parts).othersElsewhere = true;
}

/** By how a part begins. */
const handlers: ReadonlyArray<readonly [string, Handler]> = [
  [
    'but not what an earlier rule takes: ',
    (reader, { permit }) => {
      permit.earlier = [...permit.earlier, calls(reader)];
    },
  ],
  [
    'but not, by policy ',
    (reader, { permit }) => {
      const policy = reader.quote();
      reader.must(': ');
      permit.denied = [...permit.denied, { policy, ...calls(reader) }];
    },
  ],
  [
    'but not there, by policy ',
    (reader, { permit }) => {
      const policy = reader.quote();
      reader.must(': ');
      permit.deniedThere = [...permit.deniedThere, { policy, ...calls(reader) }];
    },
  ],
  [
    'only conversations',
    (_reader, { permit }) => {
      permit.chatCalls = true;
    },
  ],
  [
    'only calls that name a model',
    (_reader, { permit }) => {
      permit.modelCalls = true;
    },
  ],
  ['as MCP', (_reader, parts) => void mcpOf(parts)],
  [
    'but no messages about ',
    (reader, parts) => {
      const matches = toolScopes(reader);
      reader.must(', by policy ');
      mcpOf(parts).denied = [...mcpOf(parts).denied, { policy: reader.quote(), matches }];
    },
  ],
  [
    'messages about ',
    (reader, parts) => {
      mcpOf(parts).rules = [...mcpOf(parts).rules, toolRule(reader)];
    },
  ],
  [
    'every other message',
    (reader, parts) => {
      mcpOf(parts).othersPass = true;
      othersGo(reader, parts);
    },
  ],
  ['and what sessions need', othersGo],
  [
    'but no requests of its servers for ',
    (reader, parts) => {
      mcpOf(parts).deniedRequests = reader.quotes();
    },
  ],
  [
    'with a plain path',
    (_reader, { permit }) => {
      permit.plainPaths = true;
    },
  ],
  [
    'sent to Backend ',
    (reader, { permit }) => {
      permit.way.backend = backend(reader);
    },
  ],
  [
    'dialled at Backend ',
    (reader, { permit }) => {
      const { name, host, port, weight, of } = backend(reader);
      permit.way.via = { name, host, port, weight, of };
    },
  ],
  [
    'at the pinned address ',
    (reader, { permit }) => {
      permit.way.pinned = reader.quotes();
    },
  ],
  [
    'with credential ',
    (reader, { permit }) => {
      permit.way.credentials = [...permit.way.credentials, credential(reader)];
    },
  ],
  [
    'with header ',
    (reader, parts) => {
      const name = reader.quote();
      if (reader.eat(' set to ')) {
        headersOf(parts).set.push({ name, value: reader.quote() });
        return;
      }
      reader.must(' of ');
      headersOf(parts).add.push({ name, value: reader.quote() });
      reader.must(' added');
    },
  ],
  [
    'without header ',
    (reader, parts) => {
      headersOf(parts).remove.push(...reader.quotes());
    },
  ],
  [
    'answers without header ',
    (reader, parts) => {
      headersOf(parts).hide.push(...reader.quotes());
    },
  ],
  [
    'by audit alone',
    (_reader, { permit }) => {
      permit.way.audited = true;
    },
  ],
  [
    "with a person's approval",
    (_reader, { permit }) => {
      permit.way.asksPerson = true;
    },
  ],
  [
    'within ',
    (reader, { permit }) => {
      permit.way.budget = countedUse(reader, permit.way.budget ?? {});
    },
  ],
  [
    'at most ',
    (reader, { permit }) => {
      permit.way.limits = [...(permit.way.limits ?? []), counted(reader)];
    },
  ],
  [
    'answers of ',
    (reader, { permit }) => {
      permit.way.budget = { limits: [], ...permit.way.budget, maxOutputTokens: reader.number() };
      reader.must(' tokens at most');
    },
  ],
  [
    'trusting the authorities of ',
    (reader, { manner }) => {
      manner.trust = reader.quote();
      reader.must(' too');
    },
  ],
  [
    'recording ',
    (reader, { manner }) => {
      const maxBytes = reader.number();
      reader.must(' bytes of ');
      manner.capture = { maxBytes, contentTypes: reader.eat('nothing') ? [] : reader.quotes() };
    },
  ],
  [
    'copying each record to ',
    (reader, { manner }) => {
      manner.copy = recordCopy(reader);
    },
  ],
  [
    'copying its record to ',
    (reader, { permit }) => {
      permit.way.copies = [...(permit.way.copies ?? []), recordCopy(reader)];
    },
  ],
  [
    'for ',
    (reader, { permit, manner }) => {
      if (reader.sees(/^\d/)) {
        manner.timeoutMs = reader.number();
        reader.must(' ms of silence at most');
      } else permit.taken = calls(reader);
    },
  ],
];

function part(reader: Reader, parts: Parts): void {
  const kept = logging(reader);
  if (kept !== undefined) {
    parts.permit.way.logging = kept;
    return;
  }
  const found = handlers.find(([begin]) => reader.eat(begin));
  if (found === undefined) throw new Error('no part begins so');
  found[1](reader, parts);
}

function exceptions(reader: Reader): string[] {
  if (!reader.eat(' (except ')) return [];
  const all = reader.quotes();
  reader.must(')');
  return all;
}

/** `every …`, or a quoted name, wildcard or CIDR. */
function place(reader: Reader, into: Draft<DestinationSet>): void {
  if (reader.eat('every name') || reader.eat('every other name')) {
    into.others = { except: exceptions(reader) };
    return;
  }
  const every = { 'every address': ['0.0.0.0/0', '::/0'], 'every IPv4 address': ['0.0.0.0/0'] };
  const found = Object.entries({ ...every, 'every IPv6 address': ['::/0'] }).find(([word]) =>
    reader.eat(word),
  );
  const text = found === undefined ? reader.quote() : '';
  if (found === undefined && !text.includes('/')) {
    if (!text.startsWith('*.')) into.names = [...into.names, text];
    else into.wildcards = [...into.wildcards, { pattern: text, except: exceptions(reader) }];
    return;
  }
  const { cidrs, except } = into.addresses;
  const more = found === undefined ? [text] : found[1];
  into.addresses = { cidrs: [...cidrs, ...more], except: [...except, ...exceptions(reader)] };
}

function spans(text: string): PortSpan[] {
  return text.split(', ').map((each) => {
    const [start = 0, end = start] = each.split('-').map(Number);
    return { start, end };
  });
}

function places(reader: Reader): { destinations: DestinationSet; ports: PortSpan[] } {
  const destinations: Draft<DestinationSet> = {
    names: [],
    wildcards: [],
    addresses: { cidrs: [], except: [] },
  };
  const ports: PortSpan[] = [];
  do {
    if (reader.sees(/^`[^`/]*:\d+`/)) {
      const [name = '', port = ''] = reader.quote().split(':');
      place(new Reader(`\`${name}\``), destinations);
      ports.splice(0, ports.length, ...spans(port));
    } else place(reader, destinations);
  } while (reader.eat(', '));
  if (reader.eat(' on every port')) ports.push({ start: 1, end: 65_535 });
  else if (reader.eat(' on port ')) ports.push(...spans(reader.take(/^\d+(?:-\d+)?(?:, \d+(?:-\d+)?)*/)));
  return { destinations, ports };
}

/** Judged calls have a plain path without its being said. */
function impliesPlain({ taken, earlier, denied, mcp }: Permit): boolean {
  return taken !== undefined || earlier.length + denied.length > 0 || mcp !== undefined;
}

/** What sets an agent off; undefined: the sentence says something else. */
export function parseSetOff(sentence: string): { agent: string; subjects: string[] } | undefined {
  const reader = new Reader(sentence);
  reader.must('agent ');
  const agent = reader.quote();
  if (!reader.eat(' may be set off by events on ')) return undefined;
  const subjects = reader.quotes();
  if (!reader.isDone) throw new Error(`left over: ${sentence}`);
  return { agent, subjects };
}

/** What a person allowed for a time; undefined: the sentence says something else. */
export function parseStanding(
  sentence: string,
): { readonly agent: string; readonly answer: Omit<StandingAnswer, 'agent' | 'key' | 'answer'> } | undefined {
  const reader = new Reader(sentence);
  reader.must('agent ');
  const agent = reader.quote();
  if (!reader.eat(' may without asking until ')) return undefined;
  const until = reader.quote();
  reader.must(' call ');
  const tool = reader.eat('tool ') ? reader.quote() : undefined;
  const method = tool === undefined ? reader.quote() : 'tools/call';
  const path = reader.eat(' on path ') ? reader.quote() : undefined;
  const model = reader.eat(' for model ') ? reader.quote() : undefined;
  const cut = reader.eat(' told in part');
  reader.must(' at ');
  const place = reader.quote();
  reader.must(': allowed by ');
  const by = reader.quote();
  reader.must(' in Approval ');
  const approval = reader.quote();
  reader.must(', asked by ');
  const [kind = '', namespace = '', name = ''] = reader.quote().split('/');
  reader.must(' of gateway ');
  const gateway = reader.quote();
  if (!reader.isDone) throw new Error(`left over: ${sentence}`);
  const at = place.lastIndexOf(':');
  const host = place.slice(0, at).replace(/^\[|\]$/g, '');
  const shown = Object.fromEntries(
    Object.entries({ path, model, tool, cut: cut || undefined }).filter(([, value]) => value !== undefined),
  );
  const call = { method, host, port: Number(place.slice(at + 1)), ...shown };
  return { agent, answer: { approval, gateway, route: { kind, namespace, name }, call, by, until } };
}

/** One region of one access for each sentence; sentences of an agent that say something else are left out. */
export function parseSentence(
  sentence: string,
): { agent: string; region: AgentReach['regions'][number] } | undefined {
  const reader = new Reader(sentence);
  reader.must('agent ');
  const agent = reader.quote();
  const others = [' may reach nothing', ' names the gateway ', ' may be set off by ', ' may without asking '];
  if (others.some((each) => reader.eat(each))) return undefined;
  reader.must(' may reach ');
  const { destinations, ports } = places(reader);
  reader.must(' over ');
  const protocols = reader.take(/^[A-Z]+(?:, [A-Z]+)*/).split(', ') as ReachProtocol[];
  const permit: Parts['permit'] = {
    ...{ earlier: [], denied: [], deniedThere: [], plainPaths: false },
    way: { credentials: [] },
  };
  const manner: Parts['manner'] = {
    capture: {
      maxBytes: 65_536,
      contentTypes: ['application/json', 'application/x-ndjson', 'text/event-stream'],
    },
    timeoutMs: 300_000,
  };
  if (reader.eat(': ')) {
    do part(reader, { permit, manner });
    while (reader.eat('; '));
  }
  if (!reader.isDone) throw new Error(`left over: ${sentence}`);
  const read: Permit = { ...permit, plainPaths: permit.plainPaths || impliesPlain(permit) };
  const value = protocols.map((protocol) => ({ protocol, gateway: '', manner, permits: [read] }));
  return { agent, region: { destinations, ports, value } };
}
