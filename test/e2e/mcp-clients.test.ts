/**
 * The official clients of MCP, unmodified, in sandboxes, at real servers from npm and PyPI that they reach through the gateway alone:
 * they are shown the tools they may use, are told of a denial in band, and go on in the same session.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleSurroundings, namespace, taskAgent } from './agents.ts';
import { DevPlatform, providerAddress } from './dev-platform.ts';
import { mcpImages, pushMcpClients } from './mcp-images.ts';
import { startMcpServers, type McpServers } from './mcp-servers.ts';
import type { KubeObject } from '../../local/kube/object.ts';

let platform: DevPlatform;
let servers: McpServers;

const pipeline =
  'curl -s $CLRK_METADATA_URL/event | "$@" | curl -s --data-binary @- $CLRK_METADATA_URL/response';
const clients = {
  npm: ['node', '/app/client.mjs', '/app/node_modules'],
  python: ['python3', '/app/client.py'],
} as const;
const hidden = { 'npm.mcp.e2e.test': 'get-sum', 'pypi.mcp.e2e.test': 'delete_all' } as const;
type Client = keyof typeof clients;
type Host = keyof typeof hidden;
const agentOf = (client: Client, host: Host): string => `mcp-${client}-at-${host.split('.')[0] ?? ''}`;
const pairs = (Object.keys(clients) as Client[]).flatMap((client) =>
  (Object.keys(hidden) as Host[]).map((host): [Client, Host] => [client, host]),
);

function agent(client: Client, host: Host): KubeObject {
  const args = [...clients[client], `https://${host}/mcp`, ...(client === 'python' ? ['legacy'] : [])];
  const template = { image: mcpImages[client], command: ['/bin/sh', '-c', pipeline, 'agent'], args };
  return taskAgent(agentOf(client, host), template, {
    egressRefs: [{ gatewayRef: 'mcp' }],
    delivery: { mode: 'Metadata' },
    timeout: '90s',
  });
}

/** A gateway that opens the servers, `echo` alone of their tools. */
function openServers(hosts: readonly string[]): readonly KubeObject[] {
  const apiVersion = 'clrk.apoxy.dev/v1alpha1';
  const metadata = { name: 'mcp', namespace };
  const trust = exampleSurroundings().find(({ kind }) => kind === 'EgressGateway') as KubeObject & {
    readonly spec: { readonly upstreamTLS: object };
  };
  const upstreamTLS = {
    ...trust.spec.upstreamTLS,
    hostAliases: [{ hostnames: [...hosts], ip: providerAddress }],
  };
  const gateway = {
    ...{ apiVersion, kind: 'EgressGateway', metadata },
    spec: { listeners: [{ name: 'all', protocol: 'TCP' }], upstreamTLS },
  };
  const route = {
    ...{ apiVersion, kind: 'MCPRoute', metadata },
    spec: {
      parentRefs: [{ group: 'clrk.apoxy.dev', kind: 'EgressGateway', name: 'mcp' }],
      hostnames: [...hosts],
      rules: [{ filters: [{ type: 'ToolPolicy', toolPolicy: { allowedTools: ['echo'] } }] }],
    },
  };
  return [gateway, route];
}

beforeAll(async () => {
  platform = await DevPlatform.open();
  await platform.addProviderAddress();
  servers = await startMcpServers(platform.home);
  await pushMcpClients(platform.home);
  await platform.apply(...openServers(servers.hosts));
  await platform.ready('egressgateway/mcp');
  await platform.agents(...pairs.map((pair) => agent(...pair)));
}, 600_000);

afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

test.each(pairs)(
  'S47: %s client at %s',
  async (client, host) => {
    const echo = (message: string) => ({ op: 'call', name: 'echo', args: { message } });
    const asks = [
      { op: 'tools' },
      echo('one'),
      { ...echo('no'), name: hidden[host] },
      echo('two'),
      { op: 'tools' },
    ];
    const { id, status, text } = await platform.call(agentOf(client, host), {
      body: asks.map((ask) => `${JSON.stringify(ask)}\n`).join(''),
      headers: { 'content-type': 'text/plain' },
    });
    expect({
      status,
      said: text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    }).toEqual({
      status: 200,
      said: [
        { told: ['echo'] },
        { told: ['Echo: one'] },
        { code: -32_001, message: expect.stringContaining(`"${hidden[host]}" is not allowed`) },
        { told: ['Echo: two'] },
        { told: ['echo'] },
      ],
    });
    const calls = (await platform.trace(agentOf(client, host), id)).map(({ attributes }) => attributes);
    const methods = calls.map((each) => each['mcp.method']).filter((method) => method !== undefined);
    // It began once, and the denial did not make it begin anew.
    expect(methods.filter((method) => method === 'initialize')).toHaveLength(1);
    expect(methods.filter((method) => method === 'tools/call')).toHaveLength(3);
    const denied = calls.filter((each) => each['clrk.decision'] === 'deny');
    expect(denied.map((each) => each['mcp.method'])).toEqual(['tools/call']);
  },
  120_000,
);
