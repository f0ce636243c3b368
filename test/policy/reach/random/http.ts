/** Random EgressHTTPRoutes, and calls that sit on their edges. */
import fc from 'fast-check';
import type { HttpMatch, HttpPath, HttpRoute, HttpRule } from '../../../../contract/index.ts';
import { fieldTexts, said, types } from '../http-reader.ts';
import { randomAttempt, type Attempt } from './attempt.ts';
import { ruleLimits } from './call-limits.ts';
import { answer } from './mcp.ts';
import { logging } from './provider.ts';
import { some } from './vocabulary.ts';

export const httpHosts = ['a.example.com', 'b.example.com'];
export const httpRouteName = 'h';

const path: fc.Arbitrary<HttpPath> = fc.constantFrom<HttpPath>(
  { type: 'Exact', value: '/repos' },
  { type: 'Exact', value: '/repos/' },
  { type: 'PathPrefix', value: '/repos' },
  { type: 'PathPrefix', value: '/Repos/acme/' },
  { type: 'PathPrefix', value: '/' },
  { type: 'Template', value: '/repos/{owner}/{repo}' },
  { type: 'Template', value: '/repos/acme/**' },
  { type: 'Template', value: '/repos/*/issues' },
  { type: 'Template', value: '/repos/a*e/x-{id}' },
  { type: 'RegularExpression', value: '/repos/[a-c]+(?:/x)?' },
  { type: 'RegularExpression', value: '/v[0-9]+|/repos' },
);

const match: fc.Arbitrary<HttpMatch> = fc
  .record({
    methods: fc.oneof(
      fc.subarray(['GET', 'POST', 'DELETE'], { minLength: 1 }),
      fc.constantFrom<string[]>(['*'], ['HEAD'], ['PURGE']),
    ),
    path: fc.option(path, { nil: undefined, freq: 5 }),
    queryParams: fc.oneof(
      { weight: 2, arbitrary: fc.constant<HttpMatch['queryParams']>([]) },
      { weight: 1, arbitrary: some(['a', 'b'], 2).map((values) => [{ name: 'service', values }]) },
    ),
    headers: fc.oneof(
      { weight: 3, arbitrary: fc.constant<HttpMatch['headers']>([]) },
      { weight: 1, arbitrary: some(['a'], 1).map((values) => [{ name: 'x-mode', values }]) },
    ),
    contentTypes: fc.constantFrom<string[]>([], [], ['application/json']),
    maxBodyBytes: fc.constantFrom(undefined, undefined, 10),
    webSocket: fc.constantFrom(false, false, true),
  })
  .map(({ path: own, maxBodyBytes, ...rest }) => ({
    ...rest,
    ...(own === undefined ? {} : { path: own }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
  }));

const route: fc.Arbitrary<HttpRoute> = fc
  .record({
    route: fc.constant({ namespace: 'd', name: httpRouteName }),
    rules: fc.array(
      fc
        .record({
          matches: fc.array(match, { minLength: 1, maxLength: 2 }),
          unsupported: fc.constantFrom<string[]>([], [], [], ['a mirror']),
          approval: fc.constantFrom<true | undefined>(undefined, undefined, true),
          logging: fc.option(logging, { nil: undefined, freq: 2 }),
          limits: ruleLimits,
          headers: fc.constantFrom<HttpRule['headers']>(
            ...[undefined, undefined, undefined],
            { set: [{ name: 'x-team', value: 'a' }], add: [], remove: ['x-debug'], hide: [] },
            { set: [], add: [], remove: [], hide: ['server'] },
            { set: [{ name: 'Cookie', value: 'a' }], add: [], remove: [], hide: [] },
          ),
        })
        .map(({ logging: kept, limits, approval, headers, ...rest }) => ({
          ...rest,
          ...limits,
          ...(approval === undefined ? {} : { approval }),
          ...(headers === undefined ? {} : { headers }),
          ...(kept === undefined ? {} : { logging: kept }),
        })),
      { maxLength: 2 },
    ),
    denies: fc.constantFrom(false, false, true),
    at: some(['a.example.com', '*.example.com', 'api.openai.com'], 2),
  })
  .map(({ denies, at, ...each }) => ({
    ...each,
    ...(denies
      ? {
          denial: {
            answer,
            at: [
              {
                route: 'EgressHTTPRoute/d/h',
                ...{ hostnames: at, cidrs: [], ports: [], protocol: 'TCP' as const },
              },
            ],
          },
        }
      : {}),
  }));

export const httpRoutes: fc.Arbitrary<HttpRoute[]> = fc.array(route, { maxLength: 2 });

const paths = [
  ...['/', '/repos', '/repos/', '/Repos', '/repos/acme', '/repos/acme/', '/repos/acme/x', '/repos/acme/x/y'],
  ...[
    '/Repos/acme/x',
    '/repos/b/issues',
    '/repos/acme/issues',
    '/repos/ae/x-1',
    '/repos/ace/x-',
    '/repos//x',
  ],
  ...['/repos/../x', '/reposx', '/v1', '/V1/', '/repos/abc/x', '/repos/b'],
];

export const httpAttempt: fc.Arbitrary<Attempt> = fc
  .record({
    attempt: randomAttempt,
    hostname: fc.constantFrom(...httpHosts),
    method: fc.constantFrom('GET', 'GET', 'POST', 'POST', 'HEAD', 'DELETE', 'get', 'PURGE'),
    path: fc.constantFrom(...paths),
    query: fc.constantFrom(...Object.keys(said)),
    fields: fc.constantFrom(...fieldTexts),
    type: fc.constantFrom(...Object.keys(types)),
    bodyBytes: fc.constantFrom(1, 10, 11, undefined),
    hasBody: fc.boolean(),
  })
  .map(({ attempt, hostname, method, path: asked, query, fields, type, bodyBytes, hasBody }) => ({
    ...attempt,
    ...{ hostname, method, path: asked, hasBody, port: 443, wire: 'tls' as const },
    ...{ rpc: undefined, model: undefined, fields: [], queryNames: [] },
    upgrade: attempt.upgrade && method === 'GET' && !hasBody,
    head: {
      query,
      bodyBytes: hasBody ? bodyBytes : 0,
      fields: [
        ...fields.map((text) => {
          const [name = '', ...value] = text.split(':');
          return { name, value: value.join(':').slice(1) };
        }),
        ...(type === '' ? [] : [{ name: 'content-type', value: type }]),
      ],
    },
  }));
