/** Where messages of an MCP server go whose rules name Backends. */
import { describe, expect, test } from 'vitest';
import type { GatewayConfig, GatewayCredential, McpRule, RouteBackend } from '../../../contract/index.ts';
import type { Call, RpcMessage } from '../../../decision/index.ts';
import { createConfig } from '../../egress/gateway-config.ts';
import { ask, call, render, site } from '../asking.ts';

const host = 'mcp.example.com';
const every = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };
const to = (name: string, change: Partial<RouteBackend> = {}): RouteBackend => ({
  ...{ name, weight: 1, host: `${name}.example.com`, port: 8443 },
  ...{ schema: '', modelRewrites: [], ensureStreamUsage: false },
  ...change,
});
const rule = (tools: string[], backends?: RouteBackend[]): McpRule => ({
  matches: [{ ...every, tools }],
  ...{ toolPolicies: [], unsupported: [] },
  ...(backends === undefined ? {} : { backends }),
});
const opened = (route: string, hostname: string, port = 443) => ({
  ...{ route, hostnames: [hostname], cidrs: [], protocol: 'TCP' as const },
  ports: [{ start: port, end: port }],
});

function config(rules: McpRule[], change: Partial<GatewayConfig> = {}): GatewayConfig {
  return createConfig('192.0.2.1', 443, {
    destinations: {
      ...{ defaultPolicy: 'deny-all', platformCidrs: [] },
      rules: [opened('MCPRoute/default/tools', host)],
    },
    mcpRoutes: [{ route: { namespace: 'default', name: 'tools' }, hostnames: [host], rules }],
    credentials: [],
    ...change,
  });
}

const message = (method: string, name?: string): RpcMessage => ({
  ...{ id: 1, method },
  params: name === undefined ? {} : { name },
});
const sent = (...messages: RpcMessage[]): Partial<Call> => ({
  path: '/mcp',
  body: { kind: 'rpc', rpc: { batch: messages.length > 1, messages } },
});
const [read, search] = [message('tools/call', 'read_x'), message('tools/call', 'search_x')];
const [begin, answer] = [message('initialize'), { id: 1, method: undefined, params: {} }];
const listen: Partial<Call> = { method: 'GET', path: '/mcp', body: { kind: 'none' } };
const a = [to('a')];
const [atA, atB, home] = ['allow a.example.com:8443', 'allow b.example.com:8443', `allow ${host}:443`];

test.each<[string, McpRule[], Partial<Call>, string]>([
  ['a rule of every call: a tool', [rule([], a)], sent(read), atA],
  ['a rule of every call: what begins a session', [rule([], a)], sent(begin), atA],
  ['a rule of every call: an answer of the agent', [rule([], a)], sent(answer), atA],
  ['a rule of every call: the stream of what the server says', [rule([], a)], listen, atA],
  ['a rule of one tool: its tool', [rule(['read_*'], a)], sent(read), atA],
  ['a rule of one tool: its session lives there', [rule(['read_*'], a)], sent(begin), atA],
  [
    'two rules of one place: what neither takes',
    [rule(['read_*'], a), rule(['search_*'], a)],
    sent(begin),
    atA,
  ],
  ['two rules of one place: a batch', [rule(['read_*'], a), rule(['search_*'], a)], sent(read, search), atA],
  ['two places: the tool of one', [rule(['read_*'], a), rule(['search_*'], [to('b')])], sent(search), atB],
  [
    'two places: what neither takes stays',
    [rule(['read_*'], a), rule(['search_*'], [to('b')])],
    sent(begin),
    home,
  ],
  [
    'two places: a batch of both',
    [rule(['read_*'], a), rule(['search_*'], [to('b')])],
    sent(read, search),
    '403 protocol',
  ],
  ['a batch that half stays', [rule(['read_*'], a), rule([])], sent(read, begin), '403 protocol'],
  ['a batch whose first half stays', [rule(['read_*'], a), rule([])], sent(begin, read), '403 protocol'],
  ['the rest stays', [rule(['read_*'], a), rule([])], listen, home],
  ['the rest goes', [rule(['read_*']), rule([], a)], listen, atA],
  ['its own tool stays', [rule(['read_*']), rule([], a)], sent(read), home],
  ['none of its Backends is there: not even a stream stays', [rule([], [])], listen, '503 policy'],
  ['all weights are 0', [rule([], [to('a', { weight: 0 })])], sent(read), '503 policy'],
  ['the only weight', [rule([], [to('a', { weight: 0 }), to('b')])], sent(read), atB],
  ['an address is no host', [rule([], [to('a', { host: '10.0.0.1' })])], sent(read), '503 policy'],
  ['its own host, and a port of it', [rule([], [to('a', { host, port: 443 })])], sent(read), home],
  ['the body is not here yet', [rule([], a)], { path: '/mcp', body: { kind: 'unread' } }, 'need-body rpc'],
])('%s', (_name, rules, change, expected) => {
  expect(render(ask(config(rules), site(host), call(change)))).toBe(expected);
});

test('every execution stays at one Backend, and all of them are used', () => {
  const asked = config([rule([], [to('a'), to('b', { weight: 2 })])]);
  const at = (invocationId: string): string =>
    render(ask(asked, site(host), call({ ...sent(read), invocationId })));
  const found = Array.from({ length: 30 }, (_, index) => `i${index}`).map((id) => [at(id), at(id)]);
  expect(found.every(([one, two]) => one === two)).toBe(true);
  expect(new Set(found.flat())).toEqual(new Set([atA, atB]));
});

describe('what is closed stays closed', () => {
  const places = [to('a')];
  test.each<[string, Partial<GatewayConfig>, string]>([
    [
      'a Backend that an EgressDenyPolicy denies',
      {
        destinations: {
          ...{ defaultPolicy: 'deny-all', platformCidrs: [] },
          rules: [opened('MCPRoute/default/tools', host)],
          denials: [{ ...opened('EgressL4Route/default/no', 'a.example.com', 8443), policy: 'default/no' }],
        },
      },
      '403 deny_policy',
    ],
    [
      'a Backend that another MCPRoute governs',
      {
        mcpRoutes: [
          { route: { namespace: 'default', name: 'tools' }, hostnames: [host], rules: [rule([], places)] },
          {
            route: { namespace: 'default', name: 'strict' },
            hostnames: ['a.example.com'],
            rules: [rule(['x'])],
          },
        ],
      },
      '403 protocol',
    ],
  ])('%s', (_name, change, expected) => {
    expect(render(ask(config([rule([], places)], change), site(host), call(sent(read))))).toBe(expected);
  });

  test('a Backend is not open to the agent itself', () => {
    expect(
      render(ask(config([rule([], places)]), site('a.example.com', { port: 8443 }), call(sent(read)))),
    ).toBe('403 policy');
  });
});

describe('S39: keys', () => {
  const key = (target: Partial<GatewayCredential['target']> = {}): GatewayCredential => ({
    policy: { namespace: 'default', name: 'p' },
    target: { kind: 'MCPRoute', namespace: 'default', name: 'tools', ...target },
    inject: { type: 'Header', name: 'authorization', value: 'Bearer s' },
  });
  const both = [rule(['read_*'], [to('a')]), rule(['search_*'], [to('b')]), rule([])];
  const keyed = (
    credential: GatewayCredential,
    asked: Partial<Call>,
    change: Partial<GatewayConfig> = {},
  ): number => {
    const decision = ask(config(both, { credentials: [credential], ...change }), site(host), call(asked));
    if (decision.kind !== 'allow') throw new Error(render(decision));
    return decision.candidates[0].injection?.fields.length ?? 0;
  };

  test.each<[string, Partial<GatewayCredential['target']>, number[]]>([
    ['of the route: wherever it sends', {}, [1, 1, 1]],
    ['of one Backend: there alone', { sectionName: 'a' }, [1, 0, 0]],
    ['of another route', { name: 'other' }, [0, 0, 0]],
    ['of a route of another kind', { kind: 'EgressHTTPRoute' }, [0, 0, 0]],
  ])('%s', (_name, target, expected) => {
    expect([sent(read), sent(search), sent(begin)].map((asked) => keyed(key(target), asked))).toEqual(
      expected,
    );
  });

  test('not on calls of a port that the route did not open', () => {
    const destinations = {
      ...{ defaultPolicy: 'deny-all' as const, platformCidrs: [] },
      rules: [opened('MCPRoute/default/tools', host), opened('EgressL4Route/default/l', host, 9000)],
    };
    const decision = ask(
      config(both, { credentials: [key()], destinations }),
      site(host, { port: 9000 }),
      call(sent(read)),
    );
    expect(render(decision)).toBe(atA);
    expect(decision.kind === 'allow' ? decision.candidates[0].injection : 1).toBeUndefined();
  });
});
