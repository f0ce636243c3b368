/** HTTP calls as a chart writes them: what `allowHttp` makes of them, what reach says, and what cannot be written. */
import { App, Size } from 'cdk8s';
import { describe, expect, test } from 'vitest';
import { reach } from '../../cli/testing/index.ts';
import {
  AgentStack,
  Credential,
  EgressGateway,
  EgressHTTPRoute,
  Http,
  Rate,
  RateLimitPolicy,
  Tools,
} from '../../constructs/index.ts';
import type { EgressHTTPRouteSpec } from '../../api/index.ts';
import { errorsOf, specOf, synth, testChart } from './chart.ts';

test('allowHttp makes one route a host, with its calls and a key; called again it adds calls', () => {
  const chart = testChart();
  const gateway = new EgressGateway(chart, 'gateway');
  const credential = Credential.bearer({ name: 'github' });
  const route = gateway.allowHttp('api.github.com', { rules: [Http.get('/repos/acme/**')], credential });
  const again = gateway.allowHttp('api.github.com', {
    rules: [Http.post('/repos/acme/*/issues').withBody('application/json').atMost(Size.kibibytes(1))],
  });
  expect(again).toBe(route);
  expect(() => gateway.allowHttp('api.github.com', { rules: [], ports: [8443] })).toThrow(
    'has a route for HTTP host "api.github.com" already',
  );
  expect(specOf(chart, 'EgressHTTPRoute', 'gateway-http-api-github-com')).toEqual({
    parentRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'gateway' }],
    hostnames: ['api.github.com'],
    rules: [
      {
        matches: [
          { methods: ['GET'], path: { type: 'Template', value: '/repos/acme/**' } },
          {
            methods: ['POST'],
            path: { type: 'Template', value: '/repos/acme/*/issues' },
            contentTypes: ['application/json'],
            maxBodyBytes: 1024,
          },
        ],
      },
    ],
  });
  expect(specOf(chart, 'CredentialInjectionPolicy')['targetRefs']).toEqual([
    { group: 'clrk.apoxy.dev', kind: 'EgressHTTPRoute', name: 'gateway-http-api-github-com' },
  ]);
});

test('calls with approval are rules of their own, in the order written', () => {
  const chart = testChart();
  const gateway = new EgressGateway(chart, 'gateway');
  const asked = Http.delete('/repos/acme/*').withApproval();
  const rules = [Http.get('/a'), Http.get('/b'), asked.withBody('application/json'), asked, Http.get('/c')];
  gateway.allowHttp('api.github.com', { rules });
  const route = specOf(chart, 'EgressHTTPRoute') as unknown as EgressHTTPRouteSpec;
  const shape = route.rules.map(({ approval, matches }) => [approval, matches.length]);
  expect(shape).toEqual([
    [undefined, 2],
    ['Required', 2],
    [undefined, 1],
  ]);
  gateway.allowProvider('openai', { requireApproval: true });
  expect(specOf(chart, 'AIProviderRoute')['rules']).toMatchObject([{ approval: 'Required' }]);
});

test('rules with and without approval that fill several objects are refused: they would have no order', () => {
  const chart = testChart();
  const gateway = new EgressGateway(chart, 'gateway');
  const many = Array.from({ length: 9 }, (_, index) => [
    Http.get(`/a/${index}`),
    Http.put(`/a/${index}`).withApproval(),
  ]);
  gateway.allowHttp('api.github.com', { rules: many.flat() });
  expect(() => synth(chart)).toThrow('some with approval, whose order would be lost');
});

test('reach tells how many calls pass', () => {
  const stack = new AgentStack(new App(), 'hello', {
    namespace: 'agents',
    image: 'ghcr.io/acme/hello:1.0.0',
  });
  const rateLimit = new RateLimitPolicy(stack, 'slow', { rate: Rate.perMinute(10) });
  stack.gateway.allowHttp('api.github.com', { rules: [Http.get('/repos/acme/**')], rateLimit });
  stack.gateway.allowMcp('mcp.example.com', { tools: Tools.allow('search_*').atMost(5) });
  const { sentences } = reach(stack);
  expect(sentences[0]).toContain('; at most 10 calls of an agent in 60 s of count `rate/agents/slow`');
  expect(sentences[1]).toMatch(
    /\(only tools `search_\*`, at most 5 calls of an execution of count `tools\/agents\/[a-z-]+\/0\/0\/calls` to every tool\)/,
  );
});

test('reach tells the calls, and nothing else of the host', () => {
  const stack = new AgentStack(new App(), 'hello', {
    namespace: 'agents',
    image: 'ghcr.io/acme/hello:1.0.0',
  });
  stack.gateway.allowHttp('api.github.com', {
    rules: [Http.get('/repos/acme/**'), Http.get('/events').asWebSocket()],
    credential: Credential.bearer({ name: 'github' }),
  });
  expect(reach(stack).sentences).toEqual([
    'agent `hello` may reach `api.github.com:443` over HTTPS: for calls by `GET` at paths like `/repos/acme/**` or calls by `GET` at path `/events` and as WebSocket; with credential `agents/github/token` in header `authorization` by policy `agents/hello-gateway-http-api-github-com-credential`',
  ]);
  expect(errorsOf(synth(stack))).toEqual([]);
});

test('git reads by upload-pack and writes by receive-pack, at its repositories alone', () => {
  const told = (http: Http): string[] =>
    http.matches.map(
      ({ methods, path, queryParams, contentTypes }) =>
        `${methods.join()} ${path?.value ?? ''} ${queryParams?.[0]?.values?.join() ?? contentTypes?.join() ?? ''}`,
    );
  expect(told(Http.gitRead('/acme/*'))).toEqual([
    'GET /acme/*/info/refs git-upload-pack',
    'POST /acme/*/git-upload-pack application/x-git-upload-pack-request',
  ]);
  expect(told(Http.gitWrite('/acme/web/')).slice(2)).toEqual([
    'GET /acme/web/info/refs git-receive-pack',
    'POST /acme/web/git-receive-pack application/x-git-receive-pack-request',
  ]);
});

test('more calls than one object takes are in further ones, and each has the key', () => {
  const chart = testChart();
  const gateway = new EgressGateway(chart, 'gateway');
  new EgressHTTPRoute(chart, 'many', {
    gateways: [gateway],
    hosts: ['api.example.com'],
    rules: Array.from({ length: 300 }, (_, index) => Http.get(`/v1/items/${index}`)),
    credential: Credential.bearer({ name: 'key' }),
  });
  const routes = synth(chart).filter(({ kind }) => kind === 'EgressHTTPRoute');
  expect(routes.map(({ metadata }) => metadata.name)).toEqual(['many', 'many-02']);
  expect(specOf(chart, 'CredentialInjectionPolicy')['targetRefs']).toHaveLength(2);
  expect(errorsOf(synth(chart)).filter((each) => !each.startsWith('unresolved'))).toEqual([]);
});

describe('what cannot be written', () => {
  test.each<[string, () => unknown, string]>([
    ['no method', () => Http.call([]), 'name a method'],
    ['CONNECT', () => Http.call(['CONNECT']), 'no method that may pass'],
    ['a method in small letters', () => Http.call(['get']), 'no method that may pass'],
    ['a path without a slash', () => Http.get('repos'), 'must start with /'],
    ['dot segments', () => Http.get('/a/../b'), 'must start with /'],
    ['an escape', () => Http.get('/a%2Fb'), 'must start with /'],
    ['stars within a segment', () => Http.get('/a**/b'), 'may have {name} or *'],
    ['an open brace', () => Http.get('/a/{b'), 'may have {name} or *'],
  ])('%s', (_name, write, message) => {
    expect(write).toThrow(message);
  });
});

test('headers that a gateway changes are filters of each rule', () => {
  const chart = testChart();
  const gateway = new EgressGateway(chart, 'gateway');
  const headers = { set: { 'X-Team': 'agents' }, remove: ['X-Debug'], hide: ['Set-Cookie'] };
  gateway.allowHttp('api.example.com', { rules: [Http.get('/a')], headers });
  const { rules } = specOf(chart, 'EgressHTTPRoute') as unknown as { rules: unknown };
  expect(rules).toMatchObject([
    {
      filters: [
        {
          type: 'RequestHeaderModifier',
          requestHeaderModifier: { set: [{ name: 'X-Team', value: 'agents' }], remove: ['X-Debug'] },
        },
        { type: 'ResponseHeaderModifier', responseHeaderModifier: { remove: ['Set-Cookie'] } },
      ],
    },
  ]);
});
