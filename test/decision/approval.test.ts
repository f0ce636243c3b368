/** What a person is asked, what the answer covers, and that nothing goes before. */
import { describe, expect, test } from 'vitest';
import { digestOf, type ApprovalAnswer, type HttpRoute, type McpRoute } from '../../contract/index.ts';
import { covers, type Call, type Decision, type LastingAnswer } from '../../decision/index.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { askOfCall, askOfTool } from '../../decision/approval.ts';
import { ask, call, render, site } from './asking.ts';
import { get, headOf, host, httpPolicy, match } from './http/http-policy.ts';

const web = (change: Partial<HttpRoute['rules'][number]> = {}): HttpRoute => ({
  route: { namespace: 'default', name: 'web' },
  rules: [
    { matches: [match({ methods: ['DELETE'] })], unsupported: [], approval: true, ...change },
    { matches: [match()], unsupported: [] },
  ],
});
const decided = (route: HttpRoute, asked: Call): Decision =>
  ask(createConfig('192.0.2.1', 443, httpPolicy([route])), site(host), asked);
const remove = (target: string, change: Partial<Call> = {}): Call =>
  get(target, { method: 'DELETE', ...change });
const answers = (decision: Decision, answer: ApprovalAnswer): ReadonlyMap<string, ApprovalAnswer> =>
  new Map(decision.kind === 'ask' ? [[decision.ask.key, answer]] : []);

describe('a rule of an EgressHTTPRoute', () => {
  test('asks about what it takes, and nothing else', () => {
    expect(render(decided(web(), remove('/files/1')))).toBe('ask /files/1');
    expect(render(decided(web(), get('/files/1')))).toBe(`allow ${host}:443`);
  });

  test('an answer decides this call, and no other', () => {
    const first = decided(web(), remove('/files/1'));
    const withAnswer = (answer: ApprovalAnswer, target: string): string =>
      render(decided(web(), remove(target, { approvals: answers(first, answer) })));
    expect(withAnswer('Allow', '/files/1')).toBe(`allow ${host}:443`);
    expect(withAnswer('Allow', '/files/2')).toBe('ask /files/2');
    expect(withAnswer('Deny', '/files/1')).toBe('403 approval');
  });

  test('nobody is asked about what would be refused anyway', () => {
    expect(render(decided(web({ unsupported: ['a thing'] }), remove('/files/1')))).toBe('503 limit');
    expect(render(decided(web(), remove('//files')))).toBe('400 protocol');
  });

  test('another rule, route, place or path is another question', () => {
    const key = (decision: Decision): string => (decision.kind === 'ask' ? decision.ask.key : 'none');
    const other = { ...web(), route: { namespace: 'default', name: 'web2' } };
    const config = createConfig('192.0.2.1', 443, {
      ...httpPolicy([other], { beside: ['EgressHTTPRoute/default/web2'] }),
    });
    const keys = [
      key(decided(web(), remove('/files/1'))),
      key(decided(web(), remove('/files/2'))),
      key(ask(config, site(host), remove('/files/1'))),
    ];
    expect(new Set(keys).size).toBe(3);
    expect(key(decided(web(), remove('/files/1?force=1')))).toBe(keys[0]);
  });

  test('a person sees the call, cut where it is long, and told as cut', () => {
    const decision = decided(web(), remove(`/${'a'.repeat(1_500)}`));
    expect(decision.kind === 'ask' && decision.ask.call).toMatchObject({
      method: 'DELETE',
      host,
      port: 443,
      path: `/${'a'.repeat(1_023)}`,
      cut: true,
    });
  });
});

const written = (value: unknown) => {
  const text = JSON.stringify(value);
  return { text: text.length > 65_536 ? undefined : text, digest: digestOf(text) };
};

test.each<[string, unknown, string, boolean | undefined]>([
  ['a key', { to: 'a', token: 'sk' }, '{"to":"a","token":"[left out]"}', undefined],
  ['keys in a list', { tokens: ['sk-live'] }, '{"tokens":"[left out]"}', undefined],
  ['a key in an object', { password: { value: 'x' } }, '{"password":"[left out]"}', undefined],
  ['a key of another name', { jwt: 'a.b.c' }, '{"jwt":"[left out]"}', undefined],
  ['what nobody sees', { to: 'a\u202eb' }, '{"to":"a\\u{202e}b"}', undefined],
  ['a long one', { to: 'a'.repeat(2_000) }, `{"to":"${'a'.repeat(1_017)}`, true],
])('of arguments a person sees %s', (_, given, shown, cut) => {
  const message = { method: 'tools/call', id: 1, params: { name: 't' }, arguments: written(given) };
  const asking = { site: site(host), call: call(), route: { kind: 'MCPRoute', namespace: 'd', name: 'm' } };
  const { call: asked } = askOfTool(asking, message);
  expect(asked.arguments).toBe(shown);
  expect(asked.cut).toBe(cut);
});

test('a body of unknown length is no empty one, and a WebSocket is another question', () => {
  const asking = { site: site(host), route: { kind: 'R', namespace: 'd', name: 'm' } };
  const shown = (bodyBytes: number | undefined) =>
    askOfCall({ ...asking, call: call({ head: headOf({ bodyBytes }) }) }, undefined).call;
  expect([shown(0).bodyBytes, shown(0).cut]).toEqual([undefined, undefined]);
  expect([shown(7).bodyBytes, shown(7).cut]).toEqual([7, undefined]);
  expect([shown(undefined).bodyBytes, shown(undefined).cut]).toEqual([undefined, true]);
  const plain = askOfCall({ ...asking, call: call({ method: 'GET' }) }, undefined);
  const socket = askOfCall({ ...asking, call: call({ method: 'GET', upgrade: true }) }, undefined);
  expect(socket.call.method).toBe('GET (WebSocket)');
  expect(socket.key).not.toBe(plain.key);
});

test('a long model or path of a tool is told as cut', () => {
  const asking = {
    site: site(host),
    call: call({ path: `/${'p'.repeat(2_000)}` }),
    route: { kind: 'R', namespace: 'd', name: 'm' },
  };
  const message = { method: 'tools/call', id: 1, params: { name: 't' } } as never;
  expect(askOfTool(asking, message).call.cut).toBe(true);
  expect(askOfCall({ ...asking, call: call() }, 'm'.repeat(300)).call).toMatchObject({ cut: true });
});

const tools: McpRoute = {
  route: { namespace: 'default', name: 'tools' },
  hostnames: [host],
  rules: [
    {
      matches: [{ servers: [], tools: [], toolsRegex: [], resources: [], methods: [] }],
      toolPolicies: [
        {
          ...{ allowedTools: [], allowedToolsRegex: [], deniedTools: [], deniedToolsRegex: [] },
          ...{ requireConfirmation: ['send_*'], rateLimits: [] },
        },
      ],
      unsupported: [],
    },
  ],
};
const message = (name: string, args?: unknown, id: number | undefined = 7) => ({
  ...{ method: 'tools/call', id },
  params: { name },
  ...(args === undefined ? {} : { arguments: written(args) }),
});
const mcp = (messages: ReturnType<typeof message>[], change: Partial<Call> = {}): Decision =>
  ask(
    createConfig('192.0.2.1', 443, {
      ...httpPolicy([], { beside: ['MCPRoute/default/tools'] }),
      mcpRoutes: [tools],
    }),
    site(host),
    call({ path: '/mcp', body: { kind: 'rpc', rpc: { batch: messages.length > 1, messages } }, ...change }),
  );

describe('a tool that needs confirmation', () => {
  test('is asked about, with its arguments but for what is named like a secret', () => {
    const decision = mcp([message('send_mail', { to: 'a@b', apiKey: 'k', nested: { password: 1 } })]);
    expect(decision.kind === 'ask' && decision.ask).toMatchObject({
      route: { kind: 'MCPRoute', namespace: 'default', name: 'tools' },
      call: {
        tool: 'send_mail',
        arguments: '{"to":"a@b","apiKey":"[left out]","nested":{"password":"[left out]"}}',
        argumentsDigest: expect.stringMatching(/^sha256:/) as string,
      },
    });
    expect(render(mcp([message('read_mail')]))).toBe(`allow ${host}:443`);
  });

  test('S47: in a batch it is refused: an answer would be about all of it', () => {
    const decision = mcp([message('read_mail'), message('send_mail'), message('send_mail', { all: true })]);
    expect(render(decision)).toBe('403 approval');
  });

  test('a denial is a JSON-RPC error on the same id with 200', () => {
    const first = mcp([message('send_mail')]);
    const denied = mcp([message('send_mail')], { approvals: answers(first, 'Deny') });
    expect(denied).toMatchObject({ kind: 'refuse', mcp: { decision: 'deny' }, refusal: { status: 200 } });
    expect(JSON.parse((denied.kind === 'refuse' && denied.refusal.body) || '{}')).toMatchObject({ id: 7 });
  });

  test('the same tool on another path of the host is another question', () => {
    const first = mcp([message('send_mail')]);
    const other = mcp([message('send_mail')], { path: '/other', approvals: answers(first, 'Allow') });
    expect(render(other)).toBe('ask send_mail');
    expect(render(mcp([message('send_mail', { b: 1 })], { approvals: answers(first, 'Allow') }))).toBe(
      `allow ${host}:443`,
    );
  });

  test('arguments too long to be shown have their digest', () => {
    const decision = mcp([message('send_mail', 'x'.repeat(70_000))]);
    expect(decision.kind === 'ask' && decision.ask.call.arguments).toBeUndefined();
    expect(decision.kind === 'ask' && decision.ask.call.cut).toBe(true);
  });
});

describe('what an answer covers', () => {
  const asked = { key: 'k', agentUid: 'u', invocation: 'i' };
  const given: LastingAnswer = { ...asked, scope: 'Agent', answer: 'Allow' };
  test.each<[string, Partial<LastingAnswer>, boolean]>([
    ['Agent', {}, true],
    ['Agent, another invocation', { invocation: 'j' }, true],
    ['Agent, another agent', { agentUid: 'v' }, false],
    ['Agent, another call', { key: 'l' }, false],
    ['Invocation', { scope: 'Invocation' }, true],
    ['Invocation, another one', { scope: 'Invocation', invocation: 'j' }, false],
    ['Once', { scope: 'Once' }, false],
  ])('%s', (_name, change, expected) => {
    expect(covers({ ...given, ...change }, asked)).toBe(expected);
  });
});
