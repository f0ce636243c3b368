/** What the status of an MCPRoute says of rules over arguments that gateways cannot read. */
import { expect, test } from 'vitest';
import type { MCPRoute } from '../../operator/kind.ts';
import { resolvedMcpRules } from '../../operator/route-filter.ts';
import { TestWorld } from './compiled-world.ts';
import { manifest } from './manifest.ts';

test.each([
  ['arguments.to.size() <= 3', 'True', ''],
  [
    'arguments.to',
    'False',
    'argumentRules: "arguments.to": it is a value of any type and not bool: compare it with something; calls of these rules are refused',
  ],
])('%s: ResolvedRefs is %s', (expression, status, message) => {
  const toolPolicy = { argumentRules: [{ tools: ['send_mail'], expression }] };
  const rules = [{ filters: [{ type: 'ToolPolicy', toolPolicy }] }];
  const route = manifest('MCPRoute', 'tools', { parentRefs: [{ name: 'g' }], rules }) as MCPRoute;
  expect(resolvedMcpRules(new TestWorld([]).world, route)).toMatchObject({ status, message });
});
