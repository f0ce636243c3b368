/** Random MCPRoutes. */
import fc from 'fast-check';
import type { McpRoute } from '../../../../contract/index.ts';
import { some } from './vocabulary.ts';

export const answer = { policy: { namespace: 'd', name: 'deny' }, status: 403 };
const mcpRule: fc.Arbitrary<McpRoute['rules'][number]> = fc.record({
  matches: fc.array(
    fc.record({
      servers: some(['a.example.com', '*.example.com'], 1),
      tools: some(['search_*', 'delete_all'], 2),
      toolsRegex: some(['^get_[a-z]+$', '\\bsearch', '(bad'], 1),
      resources: some(['file:///*', 'db://x'], 1),
      methods: some(['tools/*', 'initialize', 'x/*', 'resources/*'], 1),
    }),
    { maxLength: 2 },
  ),
  toolPolicies: fc.array(
    fc.record({
      allowedTools: some(['search_*', 'get_x'], 1),
      allowedToolsRegex: fc.constant<string[]>([]),
      deniedTools: some(['delete_*', 'search_secret'], 1),
      deniedToolsRegex: some(['_x$', '[bad'], 1),
      requireConfirmation: fc.oneof(
        { weight: 4, arbitrary: fc.constant<string[]>([]) },
        { weight: 1, arbitrary: fc.constant<string[]>(['get_*']) },
      ),
      rateLimits: fc.constant<McpRoute['rules'][number]['toolPolicies'][number]['rateLimits']>([]),
    }),
    { maxLength: 1 },
  ),
  unsupported: fc.oneof(
    { weight: 6, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.constant<string[]>(['a mirror']) },
  ),
});

export const mcpRoutes: fc.Arbitrary<McpRoute[]> = fc.array(
  fc
    .record({
      route: fc.constant({ namespace: 'd', name: 'm' }),
      hostnames: some(['a.example.com', '*.example.com', 'api.openai.com'], 2),
      rules: fc.array(mcpRule, { maxLength: 2 }),
      denies: fc.constantFrom(false, false, true),
    })
    .map(({ denies, ...route }) => (denies ? { ...route, denial: answer } : route)),
  { maxLength: 2 },
);
