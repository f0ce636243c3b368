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
      toolsRegex: some(['^get_[a-z]+$'], 1),
      resources: fc.constant<string[]>([]),
      methods: some(['tools/*', 'initialize'], 1),
    }),
    { maxLength: 2 },
  ),
  toolPolicies: fc.array(
    fc.record({
      allowedTools: some(['search_*', 'get_x'], 1),
      allowedToolsRegex: fc.constant<string[]>([]),
      deniedTools: some(['delete_*', 'search_secret'], 1),
      deniedToolsRegex: fc.constant<string[]>([]),
      requireConfirmation: fc.constant<string[]>([]),
      rateLimits: fc.constant<McpRoute['rules'][number]['toolPolicies'][number]['rateLimits']>([]),
    }),
    { maxLength: 1 },
  ),
  unsupported: fc.constant<string[]>([]),
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
