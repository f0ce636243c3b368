import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decide, PolicyIndex, readClaims, SitePlans, type RpcMessage } from '../../decision/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { call, site } from './asking.ts';

const mcpRoutes = [{ route: { namespace: 'default', name: 'm' }, hostnames: ['mcp.example.com'], rules: [] }];
const config = createConfig('192.0.2.1', 443, { mcpRoutes });
const destinations = { ...config.destinations, defaultPolicy: 'allow-all' as const };
const plans = new SitePlans(new PolicyIndex({ ...config, destinations }));

type Fields = ReadonlyArray<readonly [string, string]>;

function ask(fields: Fields, messages: readonly RpcMessage[] | undefined) {
  const claims = readClaims(fields.map(([name, value]) => ({ name, value })));
  const body =
    messages === undefined
      ? ({ kind: 'none' } as const)
      : ({ kind: 'rpc', rpc: { batch: messages.length > 1, messages } } as const);
  const method = messages === undefined ? 'GET' : 'POST';
  return decide(plans.at(site('mcp.example.com')), call({ ...{ method, path: '/mcp', claims, body } }));
}

function verdict(fields: Fields, ...messages: readonly RpcMessage[]): string {
  const decision = ask(fields, messages.length === 0 ? undefined : messages);
  if (decision.kind !== 'refuse') return decision.kind;
  const { status, code, body = '{}' } = decision.refusal;
  const answer = JSON.parse(body) as { id: unknown; error: { code: number } };
  return `${status} ${code} ${answer.error.code} id ${String(answer.id)}`;
}

const tool = (name: string): RpcMessage => ({ method: 'tools/call', id: 7, params: { name } });
const mismatch = '400 MCP_HEADER_MISMATCH -32020 id 7';

test.each<[string, Fields, RpcMessage, string]>([
  ['no field', [], tool('read'), 'allow'],
  [
    'both as the body has them',
    [
      ['mcp-method', 'tools/call'],
      ['mcp-name', 'read'],
    ],
    tool('read'),
    'allow',
  ],
  ['a name in Base64', [['mcp-name', '=?base64?cmVhZA==?=']], tool('read'), 'allow'],
  ['another method', [['mcp-method', 'tools/list']], tool('read'), mismatch],
  ['a method in another case', [['mcp-method', 'Tools/Call']], tool('read'), mismatch],
  ['another name', [['mcp-name', 'delete']], tool('read'), mismatch],
  ['another name in Base64', [['mcp-name', '=?base64?ZGVsZXRl?=']], tool('read'), mismatch],
  ['with an underscore, as CGI reads it', [['mcp_name', 'delete']], tool('read'), mismatch],
  [
    'the right one and another',
    [
      ['mcp-name', 'read'],
      ['mcp-name', 'delete'],
    ],
    tool('read'),
    mismatch,
  ],
  ['two in one field', [['mcp-method', 'tools/call, tools/list']], tool('read'), mismatch],
  ['an empty name', [['mcp-name', '']], tool('read'), mismatch],
  [
    'the resource',
    [['mcp-name', 'file:///a']],
    { method: 'resources/read', id: 7, params: { uri: 'file:///a' } },
    'allow',
  ],
  [
    'another resource',
    [['mcp-name', 'file:///b']],
    { method: 'resources/read', id: 7, params: { uri: 'file:///a' } },
    mismatch,
  ],
  ['a name for what has none', [['mcp-name', 'x']], { method: 'tools/list', id: 7, params: {} }, mismatch],
  [
    'one of two names in the body',
    [['mcp-name', 'a']],
    { method: 'tools/call', id: 7, params: { name: 'a', uri: 'b' } },
    mismatch,
  ],
  [
    'another version than the body names',
    [['mcp-protocol-version', '2025-06-18']],
    {
      method: 'tools/list',
      id: 7,
      params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
    },
    mismatch,
  ],
  [
    'a version of a client that names none in the body',
    [['mcp-protocol-version', '2025-06-18']],
    tool('read'),
    'allow',
  ],
  [
    'fields of other names',
    [
      ['mcp-session-id', 'x'],
      ['x-mcp-method', 'y'],
    ],
    tool('read'),
    'allow',
  ],
])('S33: Mcp fields and the body: %s', (_name, fields, message, expected) => {
  expect(verdict(fields, message)).toBe(expected);
});

test('S33: a batch and a request without a body have no method and no name to agree with', () => {
  const batch = [tool('read'), { method: 'tools/list', id: 8, params: {} }];
  expect(verdict([['mcp-method', 'tools/call']], ...batch)).toBe('400 MCP_HEADER_MISMATCH -32020 id null');
  expect(verdict([['mcp-method', 'tools/call']])).toBe('400 MCP_HEADER_MISMATCH -32020 id null');
  expect(verdict([['mcp-protocol-version', '2025-06-18']])).toBe('allow');
});

test('S33: property: what passes says one thing in both places', () => {
  const name = fc.constantFrom('a', 'b', 'tools/call', 'tools/list', 'ping', '=?base64?YQ==?=');
  const field = fc.tuple(fc.constantFrom('mcp-method', 'mcp_method', 'mcp-name', 'mcp_name'), name);
  const message = fc.record({
    method: fc.constantFrom('tools/call', 'tools/list', 'ping'),
    id: fc.constant(7),
    params: fc.constantFrom<RpcMessage['params']>({ name: 'a' }, { name: 'b' }),
  });
  fc.assert(
    fc.property(fc.array(field, { maxLength: 3 }), message, (fields, sent) => {
      const meant = fields.map(([of, value]) => [of, value.startsWith('=?') ? 'a' : value]);
      const holds = meant.every(([of, value]) =>
        of?.endsWith('method') ? value === sent.method : value === sent.params['name'],
      );
      expect(verdict(fields, sent)).toBe(holds ? 'allow' : mismatch);
    }),
    { numRuns: 1_000 },
  );
});
