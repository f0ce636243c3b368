/** Backends of MCPRoutes in the gateway's document and in the statuses of their routes. */
import { expect, test } from 'vitest';
import { kinds } from '../../../operator/kind.ts';
import { resolvedMcpRules } from '../../../operator/route-filter.ts';
import { TestWorld } from '../compiled-world.ts';
import { gateway, manifest } from '../manifest.ts';

const files = manifest('Backend', 'files', { upstream: { host: 'Files.tools.svc', port: 8443 } });
const renaming = manifest('Backend', 'renaming', {
  schema: { name: 'openai' },
  upstream: { host: 'files.example.com' },
  modelRewrites: [{ from: '*', to: 'x' }],
});
const plain = manifest('Backend', 'plain', { upstream: { host: 'tools.models.svc', scheme: 'http' } });
const place = { name: 'files', weight: 1, host: 'files.tools.svc', port: 8443 };
const unchanged = { schema: '', modelRewrites: [], ensureStreamUsage: false };

test.each<[string, object[] | undefined, object[] | undefined, string]>([
  ['none', undefined, undefined, 'ResolvedRefs'],
  ['one', [{ name: 'files' }], [{ ...place, ...unchanged }], 'ResolvedRefs'],
  [
    'with a weight and a port',
    [{ name: 'files', weight: 0, port: 9000 }],
    [{ ...place, ...unchanged, weight: 0, port: 9000 }],
    'ResolvedRefs',
  ],
  [
    'whose changes are about models',
    [{ name: 'renaming' }],
    [{ name: 'renaming', weight: 1, host: 'files.example.com', port: 443, ...unchanged }],
    'ResolvedRefs',
  ],
  [
    'without TLS',
    [{ name: 'plain' }],
    [{ name: 'plain', weight: 1, host: 'tools.models.svc', port: 80, plain: true, ...unchanged }],
    'ResolvedRefs',
  ],
  ['none that is there: nowhere, and not at home', [{ name: 'gone' }], [], 'BackendNotFound'],
  ['one of two', [{ name: 'gone' }, { name: 'files' }], [{ ...place, ...unchanged }], 'BackendNotFound'],
  ['of another namespace', [{ name: 'files', namespace: 'other' }], [], 'RefNotPermitted'],
  ['a Service', [{ name: 'files', kind: 'Service' }], [], 'InvalidKind'],
])('%s', (_name, backendRefs, backends, reason) => {
  const rule = backendRefs === undefined ? {} : { backendRefs };
  const spec = { parentRefs: [{ name: 'g' }], hostnames: ['mcp.example.com'], rules: [rule] };
  const test = new TestWorld([gateway, files, renaming, plain, manifest('MCPRoute', 'tools', spec)]);
  const compiled = test.gateway()?.mcpRoutes?.[0]?.rules[0];
  expect(compiled?.backends).toEqual(backends);
  // Its messages are refused by name; what holds none, for it goes nowhere.
  expect(compiled?.unsupported).toHaveLength(backends?.length === 0 ? 1 : 0);
  const route = test.world.get(kinds.mcpRoute, 'default', 'tools');
  expect(route && resolvedMcpRules(test.world, route).reason).toBe(reason);
});
