/** A FallbackRoutingPolicy in the gateway's document, and Backends that no call can be sent to. */
import { expect, test } from 'vitest';
import { untranslatedBackends } from '../../../operator/compile/index.ts';
import { kinds } from '../../../operator/kind.ts';
import { resolvedRefs } from '../../../operator/aiproviderroute/controller.ts';
import { TestWorld } from '../compiled-world.ts';
import { backend, gateway, manifest, providerRoute } from '../manifest.ts';

const targetRefs = [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'openai' }];
const policy = (spec: object, name = 'order') =>
  manifest('FallbackRoutingPolicy', name, { targetRefs, ...spec });
const usual = { retries: 5, statuses: [429, 503], maxEjectionMs: 300_000 };

test.each<[string, object[], object | undefined]>([
  ['none', [], undefined],
  ['one that says nothing', [policy({})], usual],
  [
    'one that says everything',
    [
      policy({
        retry: { numRetries: 0, retriableStatusCodes: [500], perTryTimeout: '1.5s' },
        ejection: { maxEjectionTime: '10s' },
      }),
    ],
    { retries: 0, statuses: [500], perTryTimeoutMs: 1_500, maxEjectionMs: 10_000 },
  ],
  [
    'the first of two',
    [policy({ retry: { numRetries: 2 } }, 'b'), policy({ retry: { numRetries: 1 } }, 'a')],
    { ...usual, retries: 1 },
  ],
  [
    'one of another route',
    [
      manifest('FallbackRoutingPolicy', 'order', {
        targetRefs: [{ group: 'clrk.apoxy.dev', kind: 'AIProviderRoute', name: 'other' }],
      }),
    ],
    undefined,
  ],
])('%s', (_title, policies, expected) => {
  const objects = [gateway, providerRoute, ...(policies as ReturnType<typeof policy>[])];
  const [route] = new TestWorld(objects).gateway()?.providerRoutes ?? [];
  expect(route?.fallback).toEqual(expected);
});

test('a Backend of another API is named in the status of its route', () => {
  const claude = manifest('Backend', 'claude', {
    schema: { name: 'anthropic' },
    upstream: { host: 'claude.example.com' },
  });
  const rules = [
    {
      matches: [{ provider: 'openai', endpoints: ['/v1/embeddings'] }],
      backendRefs: [{ name: 'be' }, { name: 'claude' }],
    },
  ];
  const route = manifest('AIProviderRoute', 'openai', { parentRefs: [{ name: 'g' }], rules });
  const { world } = new TestWorld([gateway, backend, claude, route]);
  const found = world.get(kinds.aiProviderRoute, 'default', 'openai');
  if (found === undefined) throw new Error('no route');
  expect(untranslatedBackends(world, found)).toEqual([expect.stringContaining('Backend claude (anthropic)')]);
  expect(resolvedRefs(world, found)).toMatchObject({ status: 'False', reason: 'TranslationUnsupported' });
});

test('the port of a reference is the one that is dialled, else the Backend’s own', () => {
  const own = manifest('Backend', 'own', {
    schema: { name: 'openai' },
    upstream: { host: 'llm.example.com', port: 8443 },
  });
  const backendRefs = [{ name: 'own', port: 9443 }, { name: 'own' }];
  const rules = [{ matches: [{ provider: 'openai' }], backendRefs }];
  const route = manifest('AIProviderRoute', 'openai', { parentRefs: [{ name: 'g' }], rules });
  const [compiled] = new TestWorld([gateway, own, route]).gateway()?.providerRoutes ?? [];
  expect(compiled?.rules[0]?.backends.map(({ host, port }) => `${host}:${port}`)).toEqual([
    'llm.example.com:9443',
    'llm.example.com:8443',
  ]);
});
