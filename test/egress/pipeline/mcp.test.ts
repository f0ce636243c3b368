import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { GatewayConfig, Hostname, McpRoute, McpRule, ToolPolicy } from '../../../contract/index.ts';
import { createField } from '../../../egress/http1/index.ts';
import type { Call } from '../../../egress/pipeline/call.ts';
import { judgeMcp } from '../../../egress/pipeline/mcp.ts';
import { createConfig } from '../gateway-config.ts';

const host = 'mcp.example.com';
const open: ToolPolicy = {
  allowedTools: [],
  allowedToolsRegex: [],
  deniedTools: [],
  deniedToolsRegex: [],
  requireConfirmation: [],
  rateLimits: [],
};
const every = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };
const rule = (change: Partial<McpRule> = {}): McpRule => ({
  matches: [every],
  toolPolicies: [],
  unsupported: [],
  ...change,
});
const policy = (change: Partial<ToolPolicy>): McpRule => rule({ toolPolicies: [{ ...open, ...change }] });
const route = (rules: McpRule[], change: Partial<McpRoute> = {}): McpRoute => ({
  route: { namespace: 'default', name: 'tools' },
  hostnames: [host],
  rules,
  ...change,
});
const config = (...mcpRoutes: McpRoute[]): GatewayConfig => createConfig('192.0.2.1', 443, { mcpRoutes });

function call(change: Partial<Call> = {}, hostname = host): Call {
  const agent = { kind: 'TaskAgent' as const, namespace: 'default', name: 'a' };
  const peer = {
    agent,
    agentId: 'TaskAgent/default/a',
    uid: 'u',
    revision: 'r',
    invocationId: 'i',
    traceparent: undefined,
    hostname: hostname as Hostname,
    ip: '198.18.0.1',
    port: 443,
  };
  const fields = [createField('Content-Type', 'application/json')];
  const line = { method: 'POST', target: '/mcp', path: '/mcp' };
  return { peer, tls: true, ...line, fields, provider: undefined, model: undefined, ...change };
}

const request = (method: string, params: object = {}): object => ({ jsonrpc: '2.0', id: 7, method, params });
const tool = (name: string): object => request('tools/call', { name, arguments: { name: 'other' } });
const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function judge(routes: readonly McpRoute[], body: unknown, change: Partial<Call> = {}): string {
  const verdict = judgeMcp(config(...routes), call(change), bytes(body));
  if (verdict.kind !== 'refuse') return verdict.kind;
  return `${verdict.refusal.status} ${verdict.refusal.reason}`;
}

describe('tools', () => {
  test.each<[string, McpRule[], string, string]>([
    ['no rules: all pass', [], 'anything', 'pass'],
    ['allowed by glob', [policy({ allowedTools: ['search_*'] })], 'search_web', 'pass'],
    ['not in the allow list', [policy({ allowedTools: ['search_*'] })], 'delete_all', '403 tool'],
    ['allowed by pattern', [policy({ allowedToolsRegex: ['^get_[a-z]+$'] })], 'get_user', 'pass'],
    ['deny wins', [policy({ allowedTools: ['*'], deniedTools: ['delete_*'] })], 'delete_all', '403 tool'],
    ['S47: deny in another case', [policy({ deniedTools: ['delete_*'] })], 'Delete_all', '403 tool'],
    ['denied by pattern', [policy({ deniedToolsRegex: ['drop|delete'] })], 'x_drop_y', '403 tool'],
    ['a deny glob nobody can read denies all', [policy({ deniedTools: ['[a'] })], 'b', '403 tool'],
    ['a deny pattern nobody can read denies all', [policy({ deniedToolsRegex: ['(a'] })], 'b', '403 tool'],
    [
      'an allow pattern nobody can read allows none',
      [policy({ allowedToolsRegex: ['(a'] })],
      'a',
      '403 tool',
    ],
    [
      'a confirmation nobody can give',
      [policy({ requireConfirmation: ['send_*'] })],
      'send_mail',
      '503 limit',
    ],
    ['no confirmation needed', [policy({ requireConfirmation: ['send_*'] })], 'read_mail', 'pass'],
    ['calls nobody counts', [policy({ maxCallsPerExecution: 3 })], 'a', '503 limit'],
    [
      'forbidden before uncounted',
      [policy({ maxCallsPerExecution: 3, deniedTools: ['a'] })],
      'a',
      '403 tool',
    ],
    ['a filter nobody knows', [rule({ unsupported: ['RateLimitPolicy x'] })], 'a', '503 limit'],
    ['a match nobody can read', [rule({ matches: [{ ...every, toolsRegex: ['(a'] }] })], 'b', '503 limit'],
    ['taken by no rule', [rule({ matches: [{ ...every, tools: ['a'] }] })], 'b', '403 tool'],
    [
      'of another server',
      [rule({ matches: [{ ...every, servers: ['other.example.com'] }] })],
      'a',
      '403 tool',
    ],
    ['the first rule applies', [policy({ deniedTools: ['a'] }), rule()], 'a', '403 tool'],
  ])('%s', (_name, rules, name, expected) => {
    expect(judge([route(rules)], tool(name))).toBe(expected);
  });

  test('a limit concerns the tools it names', () => {
    const limit = { tools: ['a'], toolsRegex: [], requests: 1, windowMs: 1, scope: 'PerAgent' as const };
    const rules = [policy({ rateLimits: [limit] })];
    expect(judge([route(rules)], tool('a'))).toBe('503 limit');
    expect(judge([route(rules)], tool('b'))).toBe('pass');
  });
});

describe('messages', () => {
  const rules = [
    rule({
      matches: [
        { ...every, tools: ['a'] },
        { ...every, resources: ['file:///docs/*'] },
      ],
    }),
  ];
  test.each<[string, unknown, string]>([
    ['what a session needs', request('initialize'), 'pass'],
    ['a notification', { jsonrpc: '2.0', method: 'notifications/initialized' }, 'pass'],
    ['an answer to the server', { jsonrpc: '2.0', id: 1, result: { roots: [] } }, 'pass'],
    ['a resource a rule names', request('resources/read', { uri: 'file:///docs/x' }), 'pass'],
    ['a resource no rule names', request('resources/read', { uri: 'file:///etc/x' }), '403 tool'],
    ['a method no rule names', request('prompts/get', { name: 'a' }), '403 tool'],
    ['a batch of allowed calls', [tool('a'), request('ping')], 'pass'],
    ['a batch with one denied call', [tool('a'), tool('b')], '403 tool'],
    ['an empty batch', [], '403 protocol'],
    ['too long a batch', Array.from({ length: 33 }, () => tool('a')), '403 protocol'],
    ['no JSON', 'name=a', '403 protocol'],
    ['cut off', JSON.stringify(tool('a')).slice(0, -1), '403 protocol'],
    ['a BOM', `\ufeff${JSON.stringify(tool('a'))}`, '403 protocol'],
    [
      'S46: two methods',
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"b"}}',
      '403 protocol',
    ],
    [
      'S46: two names',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}',
      '403 protocol',
    ],
    [
      'S46: two names, one escaped',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\\u0061me":"b"}}',
      '403 protocol',
    ],
    [
      'S46: a name in another case',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}',
      '403 protocol',
    ],
    [
      'S46: a long s',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","param\u017f":{"name":"b"},"params":{"name":"a"}}',
      '403 protocol',
    ],
    ['a call without a name', request('tools/call'), '403 protocol'],
    ['a name that is a number', request('tools/call', { name: 1 }), '403 protocol'],
    ['S47: a name that looks like another', tool('\u0430'), '403 protocol'],
    ['a number as method', { jsonrpc: '2.0', id: 1, method: 1 }, '403 protocol'],
    ['deep nesting', `${'['.repeat(200)}${']'.repeat(200)}`, '403 protocol'],
  ])('%s', (_name, body, expected) => {
    expect(judge([route(rules)], body)).toBe(expected);
  });

  test.each<[string, Partial<Call>, unknown, string]>([
    ['a stream of the server', { method: 'GET' }, '', 'pass'],
    ['the end of a session', { method: 'DELETE' }, '', 'pass'],
    ['a POST of nothing', {}, '', '403 protocol'],
    [
      'a form',
      { fields: [createField('Content-Type', 'application/x-www-form-urlencoded')] },
      tool('a'),
      '403 protocol',
    ],
    ['no type', { fields: [] }, tool('a'), '403 protocol'],
    ['a GET with a call', { method: 'GET' }, tool('b'), '403 tool'],
    [
      'S31: a compressed body',
      { fields: [...call().fields, createField('Content-Encoding', 'gzip')] },
      tool('a'),
      '403 protocol',
    ],
    ['S32: an upgrade', { method: 'GET', fields: [createField('Upgrade', 'websocket')] }, '', '403 protocol'],
  ])('%s', (_name, change, body, expected) => {
    expect(judge([route(rules)], body, change)).toBe(expected);
  });

  test('a refusal is a JSON-RPC error with the id of the call', () => {
    const verdict = judgeMcp(config(route(rules)), call(), bytes(tool('b')));
    expect(verdict.kind === 'refuse' && JSON.parse(verdict.refusal.body ?? '')).toMatchObject({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -32_001 },
    });
  });

  test('the body is asked for before anything is decided, on governed hosts only', () => {
    expect(judgeMcp(config(route(rules)), call(), undefined).kind).toBe('need-body');
    expect(judgeMcp(config(route(rules)), call({}, 'other.example.com'), undefined).kind).toBe('pass');
  });
});

describe('EgressDenyPolicy at an MCPRoute', () => {
  const denial = { policy: { namespace: 'default', name: 'no' }, status: 451, message: 'no' };
  test('denies all of a host, also a GET, when the route names all of it', () => {
    expect(judge([route([], { denial })], '', { method: 'GET' })).toBe('451 deny_policy');
    expect(judge([route([]), route([rule()], { denial })], tool('a'))).toBe('451 deny_policy');
  });
  test('denies what its rules name, and leaves the rest to other routes', () => {
    const routes = [route([]), route([rule({ matches: [{ ...every, tools: ['b*'] }] })], { denial })];
    expect(judge(routes, tool('b1'))).toBe('451 deny_policy');
    expect(judge(routes, tool('a'))).toBe('pass');
  });
  test('opens nothing by itself', () => {
    const only = route([rule({ matches: [{ ...every, tools: ['b*'] }] })], { denial });
    expect(judge([only], tool('a'))).toBe('403 tool');
  });
});

const name = fc.string({ unit: fc.constantFrom('a', 'b', '_', 'A'), minLength: 1, maxLength: 4 });
const names = fc.array(
  fc.oneof(
    name,
    name.map((each) => `${each}*`),
  ),
  { maxLength: 3 },
);

test('a tool on no allow list, or on a deny list, is never called, alone or anywhere in a batch', () => {
  const fits = (globs: readonly string[], text: string): boolean =>
    globs.some((glob) => (glob.endsWith('*') ? text.startsWith(glob.slice(0, -1)) : glob === text));
  fc.assert(
    fc.property(
      names,
      names,
      fc.array(name, { minLength: 1, maxLength: 4 }),
      (allowedTools, deniedTools, tools) => {
        const routes = [route([policy({ allowedTools, deniedTools })])];
        const allowed = tools.every(
          (each) =>
            (allowedTools.length === 0 || fits(allowedTools, each)) &&
            !fits(
              deniedTools.map((glob) => glob.toLowerCase()),
              each.toLowerCase(),
            ),
        );
        const body = tools.length === 1 ? tool(tools[0] ?? '') : tools.map(tool);
        expect(judge(routes, body)).toBe(allowed ? 'pass' : '403 tool');
      },
    ),
    { numRuns: 1_000 },
  );
});

test('any bytes are read or refused: a call of a denied tool never passes', () => {
  const routes = [route([policy({ deniedTools: ['*'] })])];
  const part = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"method"',
    ':',
    '"tools/call"',
    ',',
    '"params"',
    '"name"',
    '"a"',
    '"id"',
    '1',
    '"result"',
    '"Method"',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      const text = parts.join('');
      const verdict = judge(routes, text);
      if (verdict !== 'pass') return;
      // What passes is an answer to the server, or empties: never a message whose method any reader takes for a call.
      expect(/"method" *: *"tools\/call"/i.test(text.replace(/"result":"[^"]*"/g, ''))).toBe(false);
    }),
    { numRuns: 3_000 },
  );
});
