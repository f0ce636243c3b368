/** What `--within` promises: its counterexample passes the gateway and is in no row, and of what is contained no call escapes. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cidrContains, parseCidr, parseIp } from '../../../contract/index.ts';
import { compileGlob, operationTable, socketMethod } from '../../../decision/index.ts';
import { compileManifests } from '../../../operator/compile/index.ts';
import type { KubeObject } from '../../../operator/runtime/index.ts';
import {
  judgeWithin,
  parseBoundary,
  type Counterexample,
  type ReachDocuments,
} from '../../../policy/reach/index.ts';
import { Platform } from './gateway-oracle.ts';
import { mcpAttempt, providerAttempt, randomAttempt, type Attempt } from './random/attempt.ts';
import { httpAttempt } from './random/http.ts';
import { httpDocuments, mcpDocuments, providerDocuments, randomDocuments } from './random/documents.ts';
import { cidrs, endpointGlobs, modelGlobs, patterns, some } from './random/vocabulary.ts';

const pairs = Number(process.env['REACH_PAIRS'] ?? 10_000) / 3;
const attemptsOfSet = 50;

interface Row {
  readonly agents?: string[];
  readonly destinations?: string[];
  readonly ports?: string[];
  readonly protocols?: string[];
  readonly methods?: string[];
  readonly endpoints?: string[];
  readonly models?: string[];
  readonly tools?: string[];
  readonly credentials?: string[];
  readonly sentTo?: string[];
}

const list = <T>(values: readonly T[]): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary: some(values, 2) });
const readable = modelGlobs.filter((glob) => compileGlob(glob) !== undefined);

const narrow: fc.Arbitrary<Row> = fc
  .record({
    agents: list(['d/a', 'd/*', 'x/*']),
    destinations: list([
      '*',
      '*',
      ...patterns.filter((text) => text !== '*.com'),
      ...cidrs.filter((text) => text !== '010.1.0.0/16'),
    ]),
    ports: list(['443', '1-65535', '80-443']),
    protocols: list(['HTTPS', 'HTTP', 'TCP', 'TLS']),
    methods: list(['POST', 'G*', 'P*']),
    endpoints: list(endpointGlobs),
    models: list(readable),
    tools: list(['search_*', '*']),
    credentials: fc.constantFrom<string[]>(['*'], ['*'], ['d/s/*'], []),
    sentTo: fc.constantFrom<string[]>(['*'], ['*'], ['*example.com:443'], []),
  })
  .map((each) => Object.fromEntries(Object.entries(each).filter(([, texts]) => texts.length > 0)));
const row: fc.Arbitrary<Row> = fc.oneof(
  { weight: 5, arbitrary: narrow },
  { weight: 1, arbitrary: fc.constant<Row>({ credentials: ['*'], sentTo: ['*'] }) },
);

const fits = (globs: readonly string[] | undefined, text: string): boolean =>
  globs === undefined || globs.some((glob) => compileGlob(glob)!.test(text));

function isAt({ destinations, ports }: Row, { hostname, ip, port }: Attempt): boolean {
  const spans = (ports ?? ['1-65535']).map((text) => text.split('-').map(Number));
  if (!spans.some(([start, end = start]) => port >= start! && port <= end!)) return false;
  if (destinations === undefined || destinations.includes('*')) return true;
  if (hostname === undefined) {
    return destinations.some((text) => {
      const cidr = parseCidr(text);
      return cidr !== undefined && cidrContains(cidr, parseIp(ip)!);
    });
  }
  return destinations.some(
    (text) =>
      text === hostname || (text.startsWith('*.') && text.slice(1) === hostname.slice(hostname.indexOf('.'))),
  );
}

/** Of the models the gateway may take a call to name, all must be in the row: it is asked only about providers here. */
function takesModel(
  { models }: Row,
  { method, path, upgrade, model, hasBody, rpc, queryNames }: Attempt,
): boolean {
  if (models === undefined) return true;
  const named = operationTable('openai')(upgrade ? socketMethod : method, path)?.model;
  if (named === undefined || named.from === 'session') return false;
  // Each of its messages is a call of its own.
  if (named.from === 'messages') return !hasBody && queryNames.every((name) => name !== 'Model');
  if (upgrade) return false;
  if (named.from === 'path') return fits(models, named.model);
  return (
    named.from !== 'nothing' && hasBody && rpc === undefined && model !== undefined && fits(models, model)
  );
}

/** `line` is one way of way.ts. */
function holdsCall(each: Row, attempt: Attempt, line: string, isGoverned = false): boolean {
  const [protocol, target, , credentials] = JSON.parse(line) as [string, string, unknown, string[]];
  const own = `${attempt.hostname ?? attempt.ip}:${attempt.port}`;
  const isRead = protocol.startsWith('HTTP');
  const secrets = credentials.map((text) => `d/${text.split('=')[1] ?? ''}`);
  if (!fits(each.agents, attempt.agent.split('/').slice(1).join('/')) || !isAt(each, attempt)) return false;
  if (each.protocols !== undefined && !each.protocols.includes(protocol)) return false;
  if (!secrets.every((secret) => each.credentials !== undefined && fits(each.credentials, secret)))
    return false;
  if (target !== own && (each.sentTo === undefined || !fits(each.sentTo, target))) return false;
  if (!isRead)
    return [each.methods, each.endpoints, each.models, each.tools].every((globs) => globs === undefined);
  return (
    fits(each.methods, attempt.method) &&
    fits(each.endpoints, attempt.path) &&
    takesModel(each, attempt) &&
    takesTools(each, attempt, isGoverned)
  );
}

function takesTools({ tools }: Row, { rpc, hasBody }: Attempt, isGoverned: boolean): boolean {
  if (tools === undefined) return true;
  // Elsewhere nobody reads which tool is called.
  if (!isGoverned || !hasBody) return isGoverned;
  return (rpc ?? []).every(
    ({ method, params }) => method !== 'tools/call' || fits(tools, String(params['name'])),
  );
}

/** Agents name gateways that there are. */
function withoutMissing(set: ReachDocuments): ReachDocuments {
  const pools = set.pools.map((pool) => ({
    ...pool,
    agents: pool.agents.map((agent) => ({
      ...agent,
      gateways: agent.gateways.filter((id) => pool.gateways.some((each) => each.id === id)),
    })),
  }));
  return { ...set, pools };
}

function attemptOf({ agent, host, port, protocol, call }: Counterexample): Attempt {
  const isAddress = parseIp(host) !== undefined;
  const { method = 'GET', path = '/', upgrade = false, body = { kind: 'none' as const } } = call ?? {};
  return {
    ...{ agent, port, path, method, upgrade, queryNames: [], fields: [] },
    ...(call === undefined ? {} : { head: call.head }),
    hostname: isAddress ? undefined : host,
    ip: isAddress ? host : '198.18.0.1',
    wire: protocol === 'TCP' ? 'raw' : protocol === 'HTTP' ? 'http1' : 'tls',
    hasBody: body.kind !== 'none',
    model: body.kind === 'inference' ? body.model : undefined,
    rpc: body.kind === 'rpc' ? body.rpc.messages : undefined,
  };
}

test.each([
  ['anything at all', randomDocuments, randomAttempt, false],
  ['an open provider', providerDocuments, providerAttempt, true],
  ['HTTP rules', httpDocuments, httpAttempt, true],
  ['MCP servers', mcpDocuments, mcpAttempt, true],
])(
  'a boundary holds, or a call that leaves it is named: %s',
  (_name, documents: fc.Arbitrary<ReachDocuments>, attempts: fc.Arbitrary<Attempt>, isGoverned) => {
    const seen = { contained: 0, outside: 0, unknown: 0, held: 0 };
    // What a random host's calls are read as is not this file's to know: models and tools are tried where it is plain.
    const rows = isGoverned ? row : row.map(({ models: _models, tools: _tools, ...rest }) => rest);
    fc.assert(
      fc.property(
        documents,
        fc.array(rows, { minLength: 1, maxLength: 3 }),
        fc.array(attempts, { minLength: attemptsOfSet, maxLength: attemptsOfSet }),
        (set, written, tried) => {
          const known = withoutMissing(set);
          const verdict = judgeWithin(known, parseBoundary(JSON.stringify({ version: 1, rows: written })));
          seen[verdict.kind] += 1;
          const platform = new Platform(known);
          const governs = ({ hostname = '' }: Attempt): boolean =>
            (set.gateways[0]?.mcpRoutes ?? []).some(({ hostnames }) =>
              hostnames.some(
                (text) => text === hostname || (text.startsWith('*.') && hostname.endsWith(text.slice(1))),
              ),
            );
          const escapes = (attempt: Attempt): boolean =>
            platform
              .ask(attempt)
              .some((line) => !written.some((each) => holdsCall(each, attempt, line, governs(attempt))));
          if (verdict.kind === 'outside') {
            const { counterexample } = verdict;
            if (!escapes(attemptOf(counterexample)))
              throw new Error(`no counterexample: ${counterexample.sentence}`);
          } else {
            const out = tried.find(escapes);
            if (out !== undefined)
              throw new Error(`escapes: ${JSON.stringify(out)} ${platform.ask(out).join()}`);
            seen.held += tried.filter((attempt) => platform.ask(attempt).length > 0).length;
          }
        },
      ),
      { endOnFailure: true, numRuns: Math.ceil(pairs / attemptsOfSet) },
    );
    expect(seen.outside).toBeGreaterThan(0);
    expect(seen.contained).toBeGreaterThan(0);
  },
  3_600_000,
);

const apiVersion = 'clrk.apoxy.dev/v1alpha1';

function object(kind: string, name: string, spec: object): KubeObject {
  return { apiVersion, kind, metadata: { namespace: 'team', name }, spec } as KubeObject;
}

const base = [
  object('TaskAgent', 'triage', { workerPoolRef: 'p', egressRefs: [{ gatewayRef: 'g' }] }),
  object('EgressGateway', 'g', { listeners: [{ name: 'tls', protocol: 'HTTPS' }] }),
];
const llm = (match: object, name = 'llm') =>
  object('AIProviderRoute', name, { parentRefs: [{ name: 'g' }], rules: [{ matches: [match] }] });
const key = object('CredentialInjectionPolicy', 'live', {
  targetRefs: [{ kind: 'AIProviderRoute', name: 'llm' }],
  ...{ secretRef: { name: 's' }, target: 'Header', headerName: 'Authorization' },
});
const tools = (allowedTools: string[]) =>
  object('MCPRoute', 'mcp', {
    parentRefs: [{ name: 'g' }],
    hostnames: ['mcp.example.com'],
    rules: [{ matches: [{}], filters: [{ type: 'ToolPolicy', toolPolicy: { allowedTools } }] }],
  });

describe('the smallest call that leaves a boundary', () => {
  const openai = { destinations: ['api.openai.com'], ports: [443], protocols: ['HTTPS'] };
  test.each<[string, KubeObject[], object, string]>([
    [
      'a model',
      [llm({ provider: 'openai', models: ['gpt-4o', 'o1'] })],
      { ...openai, models: ['gpt-*'] },
      '`GET /v1/models/o1`',
    ],
    [
      'no row at all',
      [llm({ provider: 'openai' })],
      { destinations: ['*.example.com'] },
      '`api.openai.com:443` over HTTPS: `GET /`',
    ],
    [
      'an agent nobody named',
      [llm({ provider: 'openai' })],
      { ...openai, agents: ['other/*'] },
      'agent `TaskAgent/team/triage`',
    ],
    [
      'a credential nobody allowed',
      [llm({ provider: 'openai' }), key],
      openai,
      'with credential `team/s/token` in header `authorization`',
    ],
    ['an endpoint', [llm({ provider: 'openai' })], { ...openai, endpoints: ['/v1/chat/*'] }, '`GET /`'],
    [
      'a tool',
      [tools(['search', 'delete'])],
      { destinations: ['mcp.example.com'], tools: ['search'] },
      'tool `delete`',
    ],
  ])('%s', (_name, objects, written, expected) => {
    const documents = compileManifests([...base, ...objects], []);
    const verdict = judgeWithin(documents, parseBoundary(JSON.stringify({ version: 1, rows: [written] })));
    expect(verdict.kind === 'outside' ? verdict.counterexample.sentence : verdict.kind).toContain(expected);
  });

  test.each<[string, KubeObject[], object]>([
    [
      'a model of a glob',
      [llm({ provider: 'openai', models: ['gpt-4*'] })],
      { ...openai, models: ['gpt-*'] },
    ],
    ['a named credential', [llm({ provider: 'openai' }), key], { ...openai, credentials: ['team/s/*'] }],
    ['tools', [tools(['search'])], { destinations: ['mcp.example.com'], tools: ['s*'] }],
  ])('%s stays inside', (_name, objects, written) => {
    const documents = compileManifests([...base, ...objects], []);
    expect(judgeWithin(documents, parseBoundary(JSON.stringify({ version: 1, rows: [written] })))).toEqual({
      kind: 'contained',
    });
  });

  test('an address of IPv6 is told apart from its port', () => {
    const range = object('EgressL4Route', 'six', {
      parentRefs: [{ name: 'g' }],
      rules: [{ matches: [{ destinationCIDRs: ['2001:4860::/32'] }] }],
    });
    const verdict = judgeWithin(
      compileManifests(
        [base[0]!, object('EgressGateway', 'g', { listeners: [{ name: 'all', protocol: 'TCP' }] }), range],
        [],
      ),
      parseBoundary('version: 1\nrows: [{ destinations: [api.openai.com] }]'),
    );
    const sentence = verdict.kind === 'outside' ? verdict.counterexample.sentence : verdict.kind;
    expect(sentence).toContain('`[2001:4860::]:1`');
  });

  test('a gateway that is not there leaves it unknown', () => {
    const [agent] = base;
    const verdict = judgeWithin(compileManifests([agent!], []), parseBoundary('version: 1\nrows: []'));
    expect(verdict.kind).toBe('unknown');
  });
});

test.each([
  ['no version', 'rows: []'],
  ['a field nobody knows', 'version: 1\nrows: [{ model: [x] }]'],
  ['an empty list', 'version: 1\nrows: [{ models: [] }]'],
  ['a glob that is none', "version: 1\nrows: [{ models: ['[x'] }]"],
  ['a port that is none', 'version: 1\nrows: [{ ports: [70000] }]'],
  ['a destination that is none', 'version: 1\nrows: [{ destinations: [a/b/c] }]'],
  ['a protocol that is none', 'version: 1\nrows: [{ protocols: [UDP] }]'],
  ['aliases', 'version: 1\nrows: [&a { ports: [1] }, *a]'],
  ['no YAML', 'version: ['],
])('a boundary with %s is refused', (_name, text) => {
  expect(() => parseBoundary(text)).toThrow(/the boundary cannot be read/);
});
