/** S40: what an EgressDenyPolicy names of an MCPRoute is refused in every spelling that a server may take for it. */
import { expect, test } from 'vitest';
import type { McpRoute } from '../../../contract/index.ts';
import { PolicyIndex, SitePlans } from '../../../decision/index.ts';
import { judgeMessage } from '../../../decision/mcp/judge.ts';
import { createConfig } from '../../egress/gateway-config.ts';
import { site } from '../asking.ts';

const empty = { servers: [], tools: [], toolsRegex: [], resources: [], methods: [] };
const rule = { toolPolicies: [], unsupported: [] };
const route = { namespace: 'default', name: 'm' };
const mcpRoutes: McpRoute[] = [
  { route, hostnames: ['mcp.example.com'], rules: [] },
  {
    ...{ route, hostnames: ['mcp.example.com'] },
    denial: { policy: route, status: 403 },
    rules: [
      { ...rule, matches: [{ ...empty, tools: ['delete_*'] }] },
      { ...rule, matches: [{ ...empty, toolsRegex: ['^drop'] }] },
      { ...rule, matches: [{ ...empty, resources: ['file:///secret/*'] }] },
    ],
  },
];

test.each([
  ['tools/call', { name: 'delete_all' }, true],
  ['tools/call', { name: 'Delete_All' }, true],
  ['tools/call', { name: 'DROP_TABLE' }, true],
  ['resources/read', { uri: 'file:///SECRET/a' }, true],
  ['tools/call', { name: 'search' }, false],
])('S40: %s of %o, refused: %s', (method, params, isRefused) => {
  const rules = [
    {
      ...{ route: 'MCPRoute/default/m', hostnames: ['mcp.example.com'], cidrs: [], ports: [] },
      protocol: 'TCP' as const,
    },
  ];
  const destinations = { defaultPolicy: 'deny-all' as const, rules, platformCidrs: [] };
  const config = { ...createConfig('192.0.2.1', 443), mcpRoutes, destinations };
  const plan = new SitePlans(new PolicyIndex(config)).at(site('mcp.example.com'));
  if (plan.kind !== 'open' || plan.mcp === undefined) throw new Error('the host is not governed');
  expect(judgeMessage(plan.mcp, { method, id: 1, params }).refusal !== undefined).toBe(isRefused);
});
