/** Limits of calls: in which count a call is taken, as how many, and what is said when one is reached. */
import { describe, expect, test } from 'vitest';
import type { CallLimit, McpRule, ToolPolicy } from '../../contract/index.ts';
import {
  limitsUnavailable,
  placeOf,
  refuseReached,
  type CallCount,
  type Decision,
} from '../../decision/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { ask, call, site } from './asking.ts';

const limit = (change: Partial<CallLimit> = {}): CallLimit => ({
  ...{ account: 'rate/default/slow', calls: 2, windowMs: 60_000, scope: 'PerAgent', policy: 'default/slow' },
  ...change,
});
const caller = { agentId: 'TaskAgent/default/a', invocationId: 'i' };

describe('where a call is counted', () => {
  test.each<[string, Partial<CallLimit>, string]>([
    ['each agent by itself', { scope: 'PerAgent' }, 'window/60000/2/agent/TaskAgent/default/a'],
    ['each execution by itself', { scope: 'PerExecution' }, 'window/60000/2/run/i'],
    ['all together', { scope: 'PerRoute' }, 'window/60000/2/all'],
  ])('%s', (_title, change, period) => {
    const place = placeOf(limit(change), caller, 179_999);
    expect(place.key).toMatchObject({ account: 'rate/default/slow', period });
    expect(place.endsAt).toBe(180_000);
    expect(place.key.ttlMs).toBeGreaterThanOrEqual(60_000);
  });

  test('the next window is another count', () => {
    expect(placeOf(limit(), caller, 180_000).key.period).toBe('window/60000/3/agent/TaskAgent/default/a');
  });

  test('without a window the execution is one', () => {
    const { windowMs: _none, ...whole } = limit({ scope: 'PerExecution' });
    expect(placeOf(whole, caller, 0)).toMatchObject({ key: { period: 'run/i' }, endsAt: undefined });
  });
});

const counts = (decision: Decision): string[] =>
  decision.kind === 'allow'
    ? decision.counts.map(({ limit: { account }, calls }) => `${account} x${calls}`)
    : [decision.kind];

describe('as how many', () => {
  test('a call of a provider counts once, however many filters name the policy', () => {
    const base = createConfig('192.0.2.1', 443);
    const providerRoutes = base.providerRoutes.map((route) => ({
      ...route,
      rules: route.rules.map((rule) => ({ ...rule, limits: [limit(), limit()] })),
    }));
    const decision = ask({ ...base, providerRoutes }, site('api.openai.com'), call());
    expect(counts(decision)).toEqual(['rate/default/slow x1']);
  });

  const toolPolicy: ToolPolicy = {
    ...{ allowedTools: [], allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [] },
    ...{ requireConfirmation: [], maxCallsPerExecution: 3, account: 'cap' },
    rateLimits: [{ tools: ['search_*'], toolsRegex: [], limit: limit({ account: 'search' }) }],
  };
  const rule: McpRule = {
    matches: [{ servers: [], tools: [], toolsRegex: [], resources: [], methods: [] }],
    toolPolicies: [toolPolicy],
    unsupported: [],
    limits: [limit()],
  };
  const tool = (name: string, id: number | undefined = 1) => ({ method: 'tools/call', id, params: { name } });
  const rpc = (
    batch: boolean,
    ...messages: ReadonlyArray<{ method?: string; params?: object }>
  ): Decision => {
    const mcpRoutes = [
      { route: { namespace: 'default', name: 'm' }, hostnames: ['mcp.example.com'], rules: [rule] },
    ];
    const base = createConfig('192.0.2.1', 443);
    const destinations = {
      ...base.destinations,
      rules: [
        {
          route: 'MCPRoute/default/m',
          ...{ hostnames: ['mcp.example.com'], cidrs: [], ports: [], protocol: 'TCP' as const },
        },
      ],
    };
    const all = messages.map(({ method, params = {} }) => ({
      method,
      id: 1,
      params: { ...params },
    }));
    const body = { kind: 'rpc' as const, rpc: { batch, messages: all } };
    return ask({ ...base, destinations, mcpRoutes }, site('mcp.example.com'), call({ path: '/mcp', body }));
  };

  test.each<[string, Decision, string[]]>([
    [
      'a tool under all of its limits',
      rpc(false, tool('search_web')),
      ['rate/default/slow x1', 'cap x1', 'search x1'],
    ],
    [
      'a tool that a rate is about, in another case',
      rpc(false, tool('SEARCH_web')),
      ['rate/default/slow x1', 'cap x1', 'search x1'],
    ],
    ['a tool no rate is about', rpc(false, tool('rm')), ['rate/default/slow x1', 'cap x1']],
    ['what is no call of a tool', rpc(false, { method: 'tools/list' }), ['rate/default/slow x1']],
    [
      'a batch: each of its calls',
      rpc(true, tool('search_a'), tool('rm'), tool('search_b'), {}),
      ['rate/default/slow x3', 'cap x3', 'search x2'],
    ],
    ['an answer to the server', rpc(false, {}), []],
  ])('%s', (_title, decision, expected) => {
    expect(counts(decision)).toEqual(expected);
  });
});

describe('what is said', () => {
  const reached = (change: Partial<CallCount> = {}) =>
    refuseReached({ limit: limit(), calls: 1, ...change }, { at: 170_500, endsAt: 180_000 });

  test('which limit, and when the next window begins', () => {
    expect(reached()).toMatchObject({
      ...{ status: 429, reason: 'rate_limit', code: 'RATE_LIMITED', policy: 'default/slow' },
      retryAfterSeconds: 10,
      message:
        'RateLimitPolicy default/slow allows 2 calls of an agent in 60 s, and they have been made; try again in 10 s',
    });
  });

  test('that more at once than ever fit are no use to send again', () => {
    expect(reached({ calls: 3 })).toMatchObject({ final: true });
    expect(reached({ calls: 3 })).not.toHaveProperty('retryAfterSeconds');
  });

  test('that an execution has had its calls', () => {
    const { windowMs: _none, policy: _route, ...whole } = limit({ scope: 'PerExecution', calls: 1 });
    const refusal = refuseReached({ limit: whole, calls: 1 }, { at: 1, endsAt: undefined });
    expect(refusal).toMatchObject({ code: 'CALL_LIMIT_REACHED', final: true, status: 429 });
    expect(refusal.message).toBe(
      'the MCPRoute allows its tools 1 call of an execution, and they have been made',
    );
  });

  test('that nobody can count now', () => {
    expect(limitsUnavailable).toMatchObject({
      status: 503,
      code: 'RATE_LIMIT_UNAVAILABLE',
      retryAfterSeconds: 1,
    });
  });
});
