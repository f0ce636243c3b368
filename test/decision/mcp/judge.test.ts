import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { McpRoute, McpRule, ToolPolicy } from '../../../contract/index.ts';
import { PolicyIndex, refuse, type Call, type CallBody } from '../../../decision/index.ts';
import { judgeMcp, type McpVerdict } from '../../../decision/mcp/judge.ts';
import { planMcp } from '../../../decision/mcp/plan.ts';
import { createPlainReader, negotiateBody } from '../../../egress/body/index.ts';
import { createField, fieldValues, type Field } from '../../../egress/http1/index.ts';
import { createConfig } from '../../egress/gateway-config.ts';
import * as asking from '../asking.ts';

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
interface Sent extends Partial<Call> {
  readonly fields?: readonly Field[];
}

function ask(
  routes: readonly McpRoute[],
  body: CallBody,
  change: Partial<Call>,
  at = host,
): McpVerdict | undefined {
  const index = new PolicyIndex(createConfig('192.0.2.1', 443, { mcpRoutes: [...routes] }));
  const plan = planMcp(index, asking.site(at));
  return plan === undefined ? undefined : judgeMcp(plan, asking.call({ path: '/mcp', ...change, body }));
}

/** Read as the gateway reads it. */
function sent(body: unknown, fields: readonly Field[]): CallBody {
  if (bytes(body).length === 0) return { kind: 'none' };
  const values = (name: string): string[] => fieldValues(fields, name);
  const head = { contentType: values('content-type'), contentEncoding: values('content-encoding') };
  const form = negotiateBody({ ...head, want: 'rpc' }, new Set());
  const reader = createPlainReader('rpc', undefined);
  const result = 'kind' in form ? form : (reader.push(bytes(body)) ?? reader.end());
  return result.kind === 'read' && result.rpc !== undefined
    ? { kind: 'rpc', rpc: result.rpc }
    : { kind: 'unreadable', refusal: refuse('status' in result ? result.status : 500, 'protocol', '') };
}

const request = (method: string, params: object = {}): object => ({ jsonrpc: '2.0', id: 7, method, params });
const tool = (name: string): object => request('tools/call', { name, arguments: { name: 'other' } });
const bytes = (value: unknown): Buffer =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

function judge(routes: readonly McpRoute[], body: unknown, { fields, ...change }: Sent = {}): string {
  const json = [createField('Content-Type', 'application/json')];
  const verdict = ask(routes, sent(body, fields ?? json), change);
  if (verdict?.kind === 'pass') return verdict.asked === undefined ? 'pass' : 'pass, once allowed';
  if (verdict?.kind !== 'refuse') return verdict?.kind ?? 'not governed';
  return `${verdict.refusal.status} ${verdict.refusal.reason}`;
}

describe('tools', () => {
  test.each<[string, McpRule[], string, string]>([
    ['no rules: all pass', [], 'anything', 'pass'],
    ['allowed by glob', [policy({ allowedTools: ['search_*'] })], 'search_web', 'pass'],
    ['not in the allow list', [policy({ allowedTools: ['search_*'] })], 'delete_all', '200 tool'],
    ['allowed by pattern', [policy({ allowedToolsRegex: ['^get_[a-z]+$'] })], 'get_user', 'pass'],
    ['deny wins', [policy({ allowedTools: ['*'], deniedTools: ['delete_*'] })], 'delete_all', '200 tool'],
    ['S47: deny in another case', [policy({ deniedTools: ['delete_*'] })], 'Delete_all', '200 tool'],
    [
      'S47: a pattern in another case',
      [policy({ deniedToolsRegex: ['Delete_.*'] })],
      'delete_all',
      '200 tool',
    ],
    ['S47: both in their own case', [policy({ deniedToolsRegex: ['Delete_.*'] })], 'DELETE_all', '200 tool'],
    [
      'S47: a class of what is not, as it is written',
      [policy({ deniedToolsRegex: ['^[^A-Z]+$'] })],
      'list',
      '200 tool',
    ],
    ['denied by pattern', [policy({ deniedToolsRegex: ['drop|delete'] })], 'x_drop_y', '200 tool'],
    ['a deny glob nobody can read denies all', [policy({ deniedTools: ['[a'] })], 'b', '200 tool'],
    ['a deny pattern nobody can read denies all', [policy({ deniedToolsRegex: ['(a'] })], 'b', '200 tool'],
    [
      'an allow pattern nobody can read allows none',
      [policy({ allowedToolsRegex: ['(a'] })],
      'a',
      '200 tool',
    ],
    ['a person is asked', [policy({ requireConfirmation: ['send_*'] })], 'send_mail', 'pass, once allowed'],
    [
      'S47: a person is asked in another case',
      [policy({ requireConfirmation: ['send_*'] })],
      'Send_mail',
      'pass, once allowed',
    ],
    [
      'a person is not asked about what is denied',
      [policy({ requireConfirmation: ['send_*'], deniedTools: ['*_mail'] })],
      'send_mail',
      '200 tool',
    ],
    ['no confirmation needed', [policy({ requireConfirmation: ['send_*'] })], 'read_mail', 'pass'],
    ['calls nobody counts', [policy({ maxCallsPerExecution: 3 })], 'a', '200 limit'],
    [
      'forbidden before uncounted',
      [policy({ maxCallsPerExecution: 3, deniedTools: ['a'] })],
      'a',
      '200 tool',
    ],
    ['a filter nobody knows', [rule({ unsupported: ['RateLimitPolicy x'] })], 'a', '200 limit'],
    ['a match nobody can read', [rule({ matches: [{ ...every, toolsRegex: ['(a'] }] })], 'b', '200 limit'],
    ['taken by no rule', [rule({ matches: [{ ...every, tools: ['a'] }] })], 'b', '200 tool'],
    [
      'of another server',
      [rule({ matches: [{ ...every, servers: ['other.example.com'] }] })],
      'a',
      '200 tool',
    ],
    ['the first rule applies', [policy({ deniedTools: ['a'] }), rule()], 'a', '200 tool'],
  ])('%s', (_name, rules, name, expected) => {
    expect(judge([route(rules)], tool(name))).toBe(expected);
  });

  test('a limit concerns the tools it names', () => {
    const limit = { tools: ['a'], toolsRegex: [], requests: 1, windowMs: 1, scope: 'PerAgent' as const };
    const rules = [policy({ rateLimits: [limit] })];
    expect(judge([route(rules)], tool('a'))).toBe('200 limit');
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
    ['a resource no rule names', request('resources/read', { uri: 'file:///etc/x' }), '200 tool'],
    ['a method no rule names', request('prompts/get', { name: 'a' }), '200 tool'],
    ['a batch of allowed calls', [tool('a'), request('ping')], 'pass'],
    ['a batch with one denied call', [tool('a'), tool('b')], '403 tool'],
    ['an empty batch', [], '400 protocol'],
    ['too long a batch', Array.from({ length: 33 }, () => tool('a')), '413 protocol'],
    ['no JSON', 'name=a', '400 protocol'],
    ['cut off', JSON.stringify(tool('a')).slice(0, -1), '400 protocol'],
    ['a BOM', `\ufeff${JSON.stringify(tool('a'))}`, '400 protocol'],
    [
      'S46: two methods',
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"b"}}',
      '400 protocol',
    ],
    [
      'S46: two names',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}',
      '400 protocol',
    ],
    [
      'S46: two names, one escaped',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","n\\u0061me":"b"}}',
      '400 protocol',
    ],
    [
      'S46: a name in another case',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}',
      '400 protocol',
    ],
    [
      'S46: a long s',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","param\u017f":{"name":"b"},"params":{"name":"a"}}',
      '400 protocol',
    ],
    ['a call without a name', request('tools/call'), '403 protocol'],
    ['a name that is a number', request('tools/call', { name: 1 }), '400 protocol'],
    ['S47: a name that looks like another', tool('\u0430'), '403 protocol'],
    ['a number as method', { jsonrpc: '2.0', id: 1, method: 1 }, '400 protocol'],
    [
      'S47: a call that says it is a notification',
      request('notifications/tools/call', { name: 'b' }),
      '403 protocol',
    ],
    ['S47: a method in another case', request('Tools/Call', { name: 'b' }), '403 protocol'],
    ['S47: a method with a space behind', request('tools/call ', { name: 'b' }), '403 protocol'],
    ['S47: a method in full-width letters', request('\uff54ools/call', { name: 'b' }), '403 protocol'],
    ['S50: a method that is no plain word', request('do it'), '403 protocol'],
    ['the first call of a stateless client', request('server/discover'), 'pass'],
    ['deep nesting', `${'['.repeat(200)}${']'.repeat(200)}`, '413 protocol'],
  ])('%s', (_name, body, expected) => {
    expect(judge([route(rules)], body)).toBe(expected);
  });

  test.each<[string, Sent, unknown, string]>([
    ['a stream of the server', { method: 'GET' }, '', 'pass'],
    ['the end of a session', { method: 'DELETE' }, '', 'pass'],
    ['a POST of nothing', {}, '', '403 protocol'],
    [
      'a form',
      { fields: [createField('Content-Type', 'application/x-www-form-urlencoded')] },
      tool('a'),
      '415 protocol',
    ],
    [
      'S47: a part of a call in the query',
      { method: 'GET', queryNames: ['params[name]'] },
      '',
      '403 protocol',
    ],
    [
      'S47: a call in the query, after a space',
      { method: 'GET', queryNames: [' method'] },
      '',
      '403 protocol',
    ],
    ['S47: a call in the query', { method: 'GET', queryNames: ['method', 'NAME'] }, '', '403 protocol'],
    ['no type', { fields: [] }, tool('a'), '415 protocol'],
    ['a GET with a call', { method: 'GET' }, tool('b'), '200 tool'],
    [
      'S31: a compressed body',
      {
        fields: [createField('Content-Type', 'application/json'), createField('Content-Encoding', 'gzip')],
      },
      tool('a'),
      '415 protocol',
    ],
    ['S32: an upgrade', { method: 'GET', upgrade: true }, '', '403 protocol'],
  ])('%s', (_name, change, body, expected) => {
    expect(judge([route(rules)], body, change)).toBe(expected);
  });

  test('a refusal is a JSON-RPC error with the id of the call', () => {
    const verdict = ask(
      [route(rules)],
      sent(tool('b'), [createField('Content-Type', 'application/json')]),
      {},
    );
    expect(verdict?.kind === 'refuse' && JSON.parse(verdict.refusal.body ?? '')).toMatchObject({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -32_001 },
    });
  });

  test('the body is asked for before anything is decided, on governed hosts only', () => {
    expect(ask([route(rules)], { kind: 'unread' }, {})?.kind).toBe('need-body');
    expect(ask([route(rules)], { kind: 'unread' }, {}, 'other.example.com')).toBeUndefined();
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
    expect(judge([only], tool('a'))).toBe('200 tool');
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
        expect(judge(routes, body)).toBe(allowed ? 'pass' : tools.length === 1 ? '200 tool' : '403 tool');
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
