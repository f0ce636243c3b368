/** A call of an MCP server that its route sends to a Backend, as the Backend sees it. */
import { expect, test } from 'vitest';
import { asked, request, underTools } from '../mcp/mcp-script.ts';

const backend = {
  ...{ name: 'files', weight: 1, host: 'files.example.net', port: 8443 },
  ...{ schema: '', modelRewrites: [], ensureStreamUsage: false },
};

test('it has the path of the agent and the name of the Backend', async () => {
  const route = underTools({});
  const sent = { ...route, rules: route.rules.map((rule) => ({ ...rule, backends: [backend] })) };
  const talk = await asked(request('tools/call', { name: 'read_x' }), sent, {
    target: '/mcp/v1?tenant=a',
  });
  expect(talk.tries.map(({ request: seen }) => [seen.authority, seen.target])).toEqual([
    ['files.example.net:8443', '/mcp/v1?tenant=a'],
  ]);
});

test('where none of its Backends is there, nothing is sent anywhere', async () => {
  const route = underTools({});
  const sent = { ...route, rules: route.rules.map((rule) => ({ ...rule, backends: [] })) };
  const talk = await asked(request('tools/call', { name: 'read_x' }), sent);
  expect(talk.tries).toEqual([]);
  expect(talk.told()).toContain('503');
});
