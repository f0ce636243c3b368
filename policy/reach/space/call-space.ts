/**
 * Calls at one destination, cut into kinds within which the given plans cannot tell two calls apart; one call stands for each
 * kind, the shortest there is. Whoever asks `decide` about these has asked about all. Pure.
 */
import {
  isAmbiguousMethod,
  isPlainPath,
  noApprovals,
  operationTable,
  parseTarget,
  pathSpaceOf,
  protocolMethods,
  type Call,
  type CallBody,
  type Clause,
  type OpenPlan,
  type RpcMessage,
} from '../../../decision/index.ts';
import type { HttpMatch } from '../../../contract/index.ts';
import { exitsOf } from '../answer.ts';
import { HttpSpace, oneHead } from './http-space.ts';
import { endSlashReaders, globReaders, patternReaders } from './reader.ts';
import { mcpDistinctions, type McpDistinctions } from './mcp-distinctions.ts';
import { tableReader } from './table-reader.ts';
import { computeTextSpace, printable, type Reader, type Scan, type TextSpace } from './text-space.ts';

export interface CallSpace {
  readonly calls: readonly Call[];
  /** False: there may be other kinds of calls. */
  readonly complete: boolean;
}

/** What somebody tells calls apart by. */
export interface Distinctions {
  readonly models: readonly string[];
  readonly endpoints: readonly string[];
  /** Of `endpoints`: those of denials. */
  readonly deniedEndpoints: readonly string[];
  /** APIs that calls are read as. */
  readonly schemas: ReadonlyArray<string | undefined>;
  readonly http: readonly HttpDistinction[];
  /** Which operation a call is decides how it goes: those that name a model go another way, are translated, or tokens are counted. */
  readonly operations: boolean;
  /** Undefined: bodies are not read as JSON-RPC. */
  readonly mcp: McpDistinctions | undefined;
}

/** A match of an EgressHTTPRoute, and what it is asked for. */
export interface HttpDistinction {
  readonly purpose: Clause['purpose'];
  readonly match: HttpMatch;
}

export function distinctionsOf(plan: OpenPlan): Distinctions {
  const ways = exitsOf(plan).map(({ way }) => way);
  const clauses: readonly Clause[] = [
    ...plan.denials,
    ...plan.clauses,
    ...ways.flatMap((way) => way.denials),
  ];
  const matches = clauses.flatMap((clause) => clause.matches);
  const rewrites = ways.flatMap(({ backend }) => backend?.modelRewrites ?? []);
  return {
    // A new name too: a model that is named in the path passes if it has that name already.
    models: [
      ...matches.flatMap((match) => match.models.texts),
      ...rewrites.flatMap(({ from, to }) => [from, to]),
    ],
    endpoints: matches.flatMap((match) => match.endpoints.texts),
    deniedEndpoints: clauses
      .filter(({ purpose }) => purpose === 'deny')
      .flatMap((clause) => clause.matches.flatMap((match) => match.endpoints.texts)),
    schemas: clauses.map((clause) => clause.schema),
    http: clauses.flatMap(({ http, purpose }) => http.map(({ written }) => ({ purpose, match: written }))),
    operations: plan.clauses.some(
      ({ fallback, budget, ways: own }) =>
        fallback !== undefined || budget !== undefined || own.some(({ isForeign }) => isForeign),
    ),
    mcp: mcpDistinctions(plan),
  };
}

function joined(all: readonly Distinctions[]): Distinctions {
  const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
  const rpc = all.flatMap(({ mcp }) => (mcp === undefined ? [] : [mcp]));
  return {
    models: unique(all.flatMap(({ models }) => models)).sort(),
    endpoints: unique(all.flatMap(({ endpoints }) => endpoints)).sort(),
    deniedEndpoints: unique(all.flatMap(({ deniedEndpoints }) => deniedEndpoints)).sort(),
    schemas: unique(all.flatMap(({ schemas }) => schemas)).sort((a = '', b = '') => (a < b ? -1 : 1)),
    http: [...new Map(all.flatMap(({ http }) => http).map((each) => [JSON.stringify(each), each])).values()],
    operations: all.some(({ operations }) => operations),
    mcp:
      rpc.length === 0
        ? undefined
        : {
            tools: unique(rpc.flatMap(({ tools }) => tools)).sort(),
            toolsRegex: unique(rpc.flatMap(({ toolsRegex }) => toolsRegex)).sort(),
            resources: unique(rpc.flatMap(({ resources }) => resources)).sort(),
            methods: unique(rpc.flatMap(({ methods }) => methods)).sort(),
          },
  };
}

const one = (text: string): TextSpace => ({ texts: [text], complete: true });

type PathEnd = 'slash' | 'dot' | 'other' | 'odd';

function endAfter(end: PathEnd, character: string): PathEnd {
  if (end === 'odd') return 'odd';
  if (character === '/') return end === 'other' ? 'slash' : 'odd';
  return character === '.' ? 'dot' : 'other';
}

function pathScan(end: PathEnd): Scan {
  return {
    key: end,
    verdict: end === 'slash' || end === 'other' ? 'plain' : 'odd',
    step: (character) => pathScan(endAfter(end, character)),
  };
}

/** Separates paths that are read in two ways, so that a plain one is found wherever there is one. */
const plainReader: Reader = {
  scan: () => pathScan('other'),
  tests: [(character) => character === '/', (character) => character === '.'],
};

/** Without what no plain path holds, and without escapes, which are not followed. */
const pathAlphabet = Array.from(printable)
  .filter((character) => !'?;\\#%'.includes(character))
  .join('');

/** All of them are read at the same time; a policy of more is told as too large to be told apart. */
const maxPathRules = 250;

function pathSpace(
  { models, endpoints, deniedEndpoints, schemas, operations }: Distinctions,
  http: HttpSpace,
): TextSpace {
  const tellsOperations = models.length > 0 || operations;
  if (!tellsOperations && endpoints.length + http.readers.length === 0) return one('/');
  if (http.readers.length > maxPathRules) return { texts: ['/'], complete: false };
  const tables = schemas
    .map(pathSpaceOf)
    .filter(({ literals, templates }) => literals.length + templates.length > 0);
  const readModels = globReaders(models);
  const space = computeTextSpace({
    readers: [
      ...globReaders(endpoints),
      ...endSlashReaders(deniedEndpoints),
      ...http.readers,
      ...(!tellsOperations ? [] : tables.map((table) => tableReader(table, readModels))),
      plainReader,
    ],
    alphabet: pathAlphabet,
    spelled: [],
    prefix: '/',
  });
  return {
    texts: space.texts.filter((text) => isPlainPath(text) && parseTarget(text).path === text),
    complete:
      space.complete && endpoints.every((glob) => !glob.includes('%')) && http.isBlindTo('%', pathAlphabet),
  };
}

function modelSpace({ models }: Distinctions): TextSpace {
  if (models.length === 0) return one('m');
  return computeTextSpace({ readers: globReaders(models), alphabet: `${printable} \u{e9}`, spelled: models });
}

function request(method: string, params: RpcMessage['params'] = {}): RpcMessage {
  return { method, id: 1, params };
}

function methodSpace({ methods }: McpDistinctions): TextSpace {
  const spaces = ['', 'notifications/', 'resources/'].map((prefix) =>
    computeTextSpace({ readers: globReaders(methods), alphabet: printable, spelled: [], prefix }),
  );
  const known = [...protocolMethods, 'tools/call', 'resources/read', 'resources/subscribe', 'prompts/get'];
  const texts = [...known, ...spaces.flatMap((space) => space.texts)];
  return {
    texts: [...new Set(texts)].filter((text) => !isAmbiguousMethod(text)),
    complete: spaces.every(({ complete }) => complete),
  };
}

function messages(mcp: McpDistinctions): { readonly all: RpcMessage[]; readonly complete: boolean } {
  const methods = methodSpace(mcp);
  const tools = computeTextSpace({
    readers: [...globReaders(mcp.tools), ...patternReaders(mcp.toolsRegex)],
    alphabet: printable,
    spelled: [],
  });
  const resources = computeTextSpace({
    readers: globReaders(mcp.resources),
    alphabet: `${printable} \u{e9}`,
    spelled: mcp.resources,
  });
  const all = methods.texts.flatMap((method): RpcMessage[] => {
    if (method === 'tools/call') return tools.texts.map((name) => request(method, { name }));
    if (!method.startsWith('resources/')) return [request(method)];
    return [request(method), ...resources.texts.map((uri) => request(method, { uri }))];
  });
  return { all, complete: [methods, tools, resources].every(({ complete }) => complete) };
}

const base = {
  ...{ queryNames: [], claims: [], head: oneHead, upgrade: false, invocationId: '' },
  approvals: noApprovals,
};

/** A call of each kind on each path: by method, and by what its operation reads its model from. */
function callsOn(path: string, models: readonly string[], schemas: Distinctions['schemas']): Call[] {
  const readsBody = schemas.some((schema) => {
    const from = operationTable(schema)('POST', path)?.model.from;
    return from === 'body' || from === 'form';
  });
  const named = readsBody ? models : [];
  const bodies: CallBody[] = [
    { kind: 'none' },
    ...named.map((model) => ({ kind: 'inference' as const, model })),
  ];
  return [
    ...bodies.map((body) => ({ ...base, method: 'POST', path, body })),
    ...['GET', 'PUT'].map((method) => ({ ...base, method, path, body: { kind: 'none' as const } })),
    { ...base, method: 'GET', path, upgrade: true, body: { kind: 'none' } },
  ];
}

/** The same, with everything that rules about HTTP tell apart. */
function httpCallsOn(path: string, all: Distinctions, models: readonly string[], http: HttpSpace): Call[] {
  const { schemas } = all;
  const bodies: CallBody[] = [...models, undefined].map((model) => ({ kind: 'inference' as const, model }));
  return http.formsOn(path).flatMap(({ method, head, hasBody, upgrade }): Call[] => {
    const common = { ...base, method, path, head, upgrade, queryNames: http.namesOf(head) };
    if (!hasBody) return [{ ...common, body: { kind: 'none' } }];
    const from = schemas.map((schema) => operationTable(schema)(method, path)?.model.from);
    const readsBody = from.includes('body') || from.includes('form');
    return (readsBody ? bodies : bodies.slice(-1)).map((body) => ({ ...common, body }));
  });
}

/** Of every plan at once: their destinations are the same one. */
export function computeCallSpace(asked: readonly Distinctions[]): CallSpace {
  const all = joined(asked);
  const http = new HttpSpace(all.http);
  const paths = pathSpace(all, http);
  const models = modelSpace(all);
  const rpc = all.mcp === undefined ? { all: [], complete: true } : messages(all.mcp);
  const plain = paths.texts.flatMap((path) =>
    all.http.length === 0
      ? callsOn(path, models.texts, all.schemas)
      : httpCallsOn(path, all, all.models.length === 0 && !all.operations ? [] : models.texts, http),
  );
  const onRules = all.models.length + all.endpoints.length > 0 || all.operations;
  const rpcForms = (path: string): Array<Pick<Call, 'method' | 'head' | 'queryNames'>> =>
    all.http.length > 0
      ? http
          .formsOn(path)
          .filter(({ hasBody }) => hasBody)
          .map(({ method, head }) => ({ method, head, queryNames: http.namesOf(head) }))
      : (onRules ? ['POST', 'GET', 'PUT'] : ['POST']).map((method) => ({ ...base, method }));
  const judged = paths.texts.flatMap((path) =>
    rpcForms(path).flatMap((form) =>
      rpc.all.map((message): Call => ({
        ...base,
        ...form,
        path,
        body: { kind: 'rpc', rpc: { batch: false, messages: [{ ...message, arguments: 'any' }] } },
      })),
    ),
  );
  // Where nothing is read, what a path may be read as does not matter; where something is, this one is refused.
  const odd: Call = { ...base, method: 'GET', path: '//', body: { kind: 'none' } };
  return {
    calls: [...plain, ...judged, odd],
    complete: paths.complete && models.complete && rpc.complete && http.isComplete,
  };
}
