/** What a rule of an EgressHTTPRoute takes, and what only looks as if it did. */
import { describe, expect, test } from 'vitest';
import type { HttpMatch } from '../../../contract/index.ts';
import { decide, PolicyIndex, SitePlans, type Call } from '../../../decision/index.ts';
import { createConfig } from '../../egress/gateway-config.ts';
import { ask, render, site } from '../asking.ts';
import {
  at,
  get,
  headOf,
  host,
  httpConfig,
  httpPolicy,
  httpRoute,
  match,
  opened,
  post,
} from './http-policy.ts';

const allow = `allow ${host}:443`;
const no = '403 http_rule';
const verdict = (matches: readonly HttpMatch[], asked: Call): string =>
  render(ask(httpConfig(matches), site(host), asked));

const acme = [match({ methods: ['GET', 'POST'], ...at('Template', '/repos/acme/**') })];

test.each<[string, Call, string]>([
  ['a path below', get('/repos/acme/x/y'), allow],
  ['not the path itself', get('/repos/acme'), no],
  ['nor with a slash', get('/repos/acme/'), no],
  ['nor in another case', get('/repos/Acme/x'), no],
  ['nor of another', get('/repos/acmeevil/x'), no],
  ['S34: dot segments', get('/repos/acme/../evil/x'), '400 protocol'],
  ['S34: encoded slashes', get('/repos/acme%2Fx'), '400 protocol'],
  ['S34: encoded twice', get('/repos/acme/%252e%252e/evil'), '400 protocol'],
  ['S34: doubled slashes', get('/repos/acme//x'), '400 protocol'],
  ['S34: parameters of a segment', get('/repos/acme;x/y'), '400 protocol'],
  ['S34: a backslash', get('/repos/acme/%5C..%5Cevil'), '400 protocol'],
  ['a method no rule names', get('/repos/acme/x', { method: 'DELETE' }), no],
  ['a method in another case', get('/repos/acme/x', { method: 'get' }), no],
  ['HEAD, which is not GET', get('/repos/acme/x', { method: 'HEAD' }), no],
  ['S33: a parameter that names another method', get('/repos/acme/x', { queryNames: ['_method'] }), no],
  ['S33: one that PHP takes for it', get('/repos/acme/x', { queryNames: ['.method'] }), '400 protocol'],
  ['S33: one behind a blank', get('/repos/acme/x', { queryNames: [' _method'] }), '400 protocol'],
  ['S33: one before a NUL', get('/repos/acme/x', { queryNames: ['_method\0x'] }), '400 protocol'],
  ['S33: one that is a list', get('/repos/acme/x', { queryNames: ['_method[]'] }), '400 protocol'],
  ['S33: one with dots', get('/repos/acme/x', { queryNames: ['x.http.method.override'] }), '400 protocol'],
  [
    'S33: one that stands for the header',
    get('/repos/acme/x', { queryNames: ['X-HTTP-Method-Override'] }),
    '400 protocol',
  ],
  ['S32: an upgrade', get('/repos/acme/x', { upgrade: true }), no],
])('a template takes %s as it should', (name, asked, expected) => {
  // Rails' own parameter is refused before any rule is asked, like the header's name.
  const wanted = name.includes('parameter that names') ? '400 protocol' : expected;
  expect(verdict(acme, asked)).toBe(wanted);
});

describe('every method', () => {
  const any = [match({ methods: ['*'], ...at('PathPrefix', '/scratch') })];
  test.each([
    ['DELETE', '/scratch', allow],
    ['PURGE', '/scratch/', allow],
    ['purge', '/scratch/x', no],
    ['GET', '/scratchy', no],
  ])('%s %s', (method, path, expected) => {
    expect(verdict(any, get(path, { method }))).toBe(expected);
  });
});

describe('query parameters', () => {
  const rule = [match({ queryParams: [{ name: 'service', values: ['git-upload-pack'] }] })];
  test.each([
    ['/x?service=git-upload-pack', allow],
    ['/x?a=1&service=git-upload-pack', allow],
    ['/x?service=git%2Dupload%2Dpack', allow],
    ['/x', no],
    ['/x?service=git-receive-pack', no],
    ['/x?service=git-upload-pack&service=git-receive-pack', no],
    ['/x?service=git-receive-pack&service=git-upload-pack', no],
    ['/x?service=git-upload-pack&Service=git-receive-pack', no],
    ['/x?service=git-upload-pack&service[]=git-receive-pack', no],
    ['/x?service=git-upload-pack&%73ervice=git-receive-pack', no],
    ['/x?service=git-upload-pack;service=git-receive-pack', no],
    ['/x?service=git-upload-pack&x=1;service=git-receive-pack', no],
    ['/x?service=git-upload-pack&x=%ff', no],
    ['/x?service=git-upload-pack%00', no],
    ['/x?service=GIT-UPLOAD-PACK', no],
  ])('%s', (target, expected) => {
    expect(verdict(rule, get(target))).toBe(expected);
  });
});

describe('headers', () => {
  const rule = [match({ headers: [{ name: 'x-mode', values: ['a'] }] })];
  test.each([
    [['x-mode: a'], allow],
    [['x-mode:  a '], allow],
    [[], no],
    [['x-mode: b'], no],
    [['x-mode: a', 'x-mode: b'], no],
    [['x-mode: a, b'], no],
    [['x-mode: a', 'x_mode: b'], no],
  ])('%j', (lines, expected) => {
    const fields = lines.map((line) => {
      const [name = '', value = ''] = line.split(':');
      return { name, value };
    });
    expect(verdict(rule, get('/', { head: headOf({ fields }) }))).toBe(expected);
  });
});

describe('bodies', () => {
  const rule = [match({ methods: ['POST'], contentTypes: ['application/json'], maxBodyBytes: 10 })];
  test.each<[string | undefined, number | undefined, string]>([
    ['application/json', 10, allow],
    ['Application/JSON; charset="utf-8"', 2, allow],
    ['application/json', 11, no],
    ['text/plain', 2, no],
    [undefined, 2, no],
    ['application/json, text/plain', 2, no],
    ['application/json; text/plain', 2, no],
    ['application/jsonx', 2, no],
    // How long it is is seen as it comes: the gateway cuts it off.
    ['application/json', undefined, allow],
  ])('%s of %s bytes', (type, bytes, expected) => {
    expect(verdict(rule, post('/x', type, bytes))).toBe(expected);
  });

  test('two Content-Types are none', () => {
    const asked = post('/x', 'application/json');
    const fields = [...asked.head.fields, { name: 'content_type', value: 'text/plain' }];
    expect(verdict(rule, { ...asked, head: headOf({ fields, bodyBytes: asked.head.bodyBytes }) })).toBe(no);
  });

  test('a call without a body has none to be of a type', () => {
    expect(verdict(rule, get('/x', { method: 'POST' }))).toBe(allow);
  });

  test('the bound of the rule goes with the decision; of several matches that take the call, the widest', () => {
    const decision = ask(httpConfig(rule), site(host), post('/x', 'application/json', undefined));
    expect(decision).toMatchObject({ kind: 'allow', maxBodyBytes: 10 });
    const wider = ask(
      httpConfig([...rule, match({ methods: ['POST'] })]),
      site(host),
      post('/x', 'application/json', undefined),
    );
    expect(wider).toMatchObject({ kind: 'allow', maxBodyBytes: undefined });
  });
});

test('S32: only a match that says so lets a GET become a WebSocket', () => {
  const rule = [match({ ...at('Exact', '/events'), webSocket: true })];
  expect(verdict(rule, get('/events', { upgrade: true }))).toBe(allow);
  expect(verdict(rule, get('/other', { upgrade: true }))).toBe(no);
});

test.each([
  ['Template', '/a**/b'],
  ['Template', '/a/{b'],
  ['Exact', '/a/../b'],
  ['Exact', 'a'],
  ['RegularExpression', '/(a'],
  ['RegularExpression', '/a)|(/b'],
] as const)('a rule whose path cannot be read opens nothing: %s %s', (type, value) => {
  expect(verdict([match({ methods: ['*'], ...at(type, value) })], get('/a'))).toBe(no);
});

test('the answer says which rule is near and what it wants, or what is allowed', () => {
  const rule = [
    match({ ...at('Template', '/repos/acme/**') }),
    match({ methods: ['POST'], ...at('Exact', '/graphql'), contentTypes: ['application/json'] }),
  ];
  const said = (asked: Call): string => {
    const decision = ask(httpConfig(rule), site(host), asked);
    return decision.kind === 'refuse' ? `${decision.refusal.code}: ${decision.refusal.message}` : 'allow';
  };
  expect(said(get('/user', { method: 'DELETE' }))).toBe(
    'HTTP_NOT_ALLOWED: no rule of EgressHTTPRoute/default/web takes DELETE /user: allowed is GET /repos/acme/**; POST /graphql',
  );
  expect(said(post('/graphql', 'text/plain'))).toBe(
    'HTTP_NOT_ALLOWED: no rule of EgressHTTPRoute/default/web takes POST /graphql: POST /graphql needs a body of application/json',
  );
});

describe('beside other routes', () => {
  test('routes add to each other: an L4 route lets through what no rule takes', () => {
    const config = httpConfig(acme, 'EgressL4Route/default/all');
    expect(render(ask(config, site(host), get('/user')))).toBe(allow);
  });

  test('S39: the key of the route goes on what its rules take and on nothing else', () => {
    const config = createConfig('192.0.2.1', 443, {
      ...httpPolicy([httpRoute(acme)], { beside: ['EgressL4Route/default/all'] }),
      credentials: [
        {
          policy: { namespace: 'default', name: 'key' },
          target: { kind: 'EgressHTTPRoute', namespace: 'default', name: 'web' },
          inject: { type: 'Header', name: 'Authorization', value: 'Bearer k' },
        },
      ],
    });
    const keys = (asked: Call): readonly string[] | undefined => {
      const decision = ask(config, site(host), asked);
      return decision.kind === 'allow' ? decision.candidates[0].injection?.policies : undefined;
    };
    expect(keys(get('/repos/acme/x'))).toEqual(['default/key']);
    expect(keys(get('/user'))).toBeUndefined();
    const plain = ask(config, site(host, { tls: false }), get('/repos/acme/x'));
    expect(render(plain)).toBe('502 credential');
  });

  test('S39: a route of another kind with the same name has not its key', () => {
    const config = createConfig('192.0.2.1', 443, {
      ...httpPolicy([httpRoute(acme)]),
      credentials: [
        {
          policy: { namespace: 'default', name: 'key' },
          target: { kind: 'AIProviderRoute', namespace: 'default', name: 'web' },
          inject: { type: 'Header', name: 'Authorization', value: 'Bearer k' },
        },
      ],
    });
    const decision = ask(config, site(host), get('/repos/acme/x'));
    expect(decision.kind === 'allow' && decision.candidates[0].injection).toBe(undefined);
  });

  test('a rule is about the hosts, ports and agents that its own route opens', () => {
    const config = httpConfig(acme);
    expect(render(ask(config, site(host, { port: 8443 }), get('/repos/acme/x')))).toBe('403 policy');
    const others = createConfig('192.0.2.1', 443, {
      ...httpPolicy([httpRoute(acme)]),
      destinations: {
        defaultPolicy: 'deny-all',
        platformCidrs: [],
        rules: [
          { ...opened('EgressHTTPRoute/default/web', 443), sourceAgents: ['TaskAgent/default/other'] },
          opened('EgressHTTPRoute/default/second', 443),
        ],
      },
    });
    expect(render(ask(others, site(host), get('/repos/acme/x')))).toBe('403 policy');
  });
});

describe('EgressDenyPolicy', () => {
  const answer = { policy: { namespace: 'default', name: 'no' }, status: 451 };
  const denied = (matches: readonly HttpMatch[], asked: Call): string =>
    render(
      ask(
        createConfig('192.0.2.1', 443, {
          ...httpPolicy(
            [
              httpRoute(matches, {
                denial: { answer, at: [{ ...opened('EgressHTTPRoute/default/no', 443), ports: [] }] },
              }),
            ],
            { beside: ['EgressL4Route/default/all'] },
          ),
        }),
        site(host),
        asked,
      ),
    );
  const admin = [match({ methods: ['GET'], ...at('Exact', '/admin') })];
  test.each<[string, Call, string]>([
    ['the call', get('/admin'), '451 deny_policy'],
    ['another case', get('/Admin'), '451 deny_policy'],
    ['a slash at the end', get('/admin/'), '451 deny_policy'],
    ['HEAD', get('/admin', { method: 'HEAD' }), '451 deny_policy'],
    ['a method in another case', get('/admin', { method: 'Get' }), '451 deny_policy'],
    ['an upgrade', get('/admin', { upgrade: true }), '451 deny_policy'],
    ['not another path', get('/admins'), allow],
    ['nor another method', get('/admin', { method: 'POST' }), allow],
  ])('denies %s', (_name, asked, expected) => {
    expect(denied(admin, asked)).toBe(expected);
  });

  test.each<[string, string]>([
    ['/x?service=push', '451 deny_policy'],
    ['/x?service=pull&service=push', '451 deny_policy'],
    ['/x?Service=push', '451 deny_policy'],
    ['/x?service=PUSH', '451 deny_policy'],
    ['/x?service=push%3Bq=1', '451 deny_policy'],
    ['/x?service=%22push%22', '451 deny_policy'],
    ['/x?a=%ff', '451 deny_policy'],
    ['/x?service=pull', allow],
    ['/x', allow],
  ])('denies what may be the query: %s', (target, expected) => {
    const rule = [match({ queryParams: [{ name: 'service', values: ['push'] }] })];
    expect(denied(rule, get(target))).toBe(expected);
  });

  test('one that cannot be read is about every path', () => {
    expect(denied([match(at('RegularExpression', '/(a'))], get('/x'))).toBe('451 deny_policy');
  });
});

test('a media type of blanks, and thousands of parameters, cost what their length is', () => {
  const rule = Array.from({ length: 200 }, () =>
    match({
      methods: ['POST'],
      contentTypes: ['application/json'],
      queryParams: [{ name: 'q', values: ['1'] }],
    }),
  );
  const asked = post('/x', `application/json${' '.repeat(60_000)}x`);
  const started = process.cpuUsage();
  expect(
    verdict(rule, {
      ...asked,
      head: headOf({ fields: asked.head.fields, bodyBytes: 2, query: `?${'a=1&'.repeat(15_000)}` }),
    }),
  ).toBe(no);
  // Quadratic would be minutes.
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000);
});

test('ten thousand rules are asked in milliseconds, whatever the agent sends', () => {
  const many = Array.from({ length: 10_000 }, (_, index) =>
    match({
      ...at(
        index % 2 === 0 ? 'Template' : 'RegularExpression',
        index % 2 === 0 ? `/r${index}/{a}/**` : `/r${index}/(a|b)*x`,
      ),
      queryParams: [{ name: 'q', values: ['1'] }],
    }),
  );
  const plan = new SitePlans(new PolicyIndex(httpConfig(many))).at(site(host));
  expect(render(decide(plan, get('/r9998/a/b?q=1')))).toBe(allow);
  const started = process.cpuUsage();
  for (let turn = 0; turn < 10; turn += 1) {
    expect(render(decide(plan, get(`/r9998/${'a'.repeat(2_000)}?${'q=1&'.repeat(1_000)}`)))).toBe(no);
  }
  const { user } = process.cpuUsage(started);
  // Ten calls; a product of rules and text would take minutes.
  expect(user / 1_000).toBeLessThan(5_000);
});

test('S46: a path longer than any API has is no question to the rules of a host', () => {
  const many = Array.from({ length: 200 }, (_, index) => match(at('Template', `/{o}/r${index}/**`)));
  const plan = new SitePlans(new PolicyIndex(httpConfig(many))).at(site(host));
  expect(render(decide(plan, get(`/${'a/'.repeat(1_023)}x`)))).toBe(no);
  expect(render(decide(plan, get(`/${'a/'.repeat(1_024)}x`)))).toBe('414 protocol');
});

test('S46: templates that all begin alike cost as their number and the text, not as their product with what they hold', () => {
  const cost = (count: number): number => {
    const path = { ...match(at('Template', `/{o}/${'x'.repeat(200)}/{p}/**`)) };
    const plan = new SitePlans(new PolicyIndex(httpConfig(Array.from({ length: count }, () => path)))).at(
      site(host),
    );
    const asked = get(`/a/${'x'.repeat(199)}y/${'b'.repeat(1_700)}`);
    decide(plan, asked);
    const started = process.cpuUsage();
    for (let turn = 0; turn < 20; turn += 1) decide(plan, asked);
    return process.cpuUsage(started).user;
  };
  expect(cost(400)).toBeLessThan(20 * (cost(100) + 1_000));
});

test.each([
  ['q=a+b', 'unclear to servers that take a plus sign for itself', no],
  ['q=a%20b', 'a space', allow],
  ['q+=a', 'a name with a plus sign', no],
])('S33: ?%s: %s', (query, _what, expected) => {
  expect(
    verdict(
      [match({ ...at('Exact', '/x'), queryParams: [{ name: 'q', values: ['a b', 'a'] }] })],
      get(`/x?${query}`),
    ),
  ).toBe(expected);
});
