/** Real MCP servers behind TLS, where the gateways look for them; each by its name, at one address. */
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import { join } from 'node:path';
import { keptCa } from '../../local/control-plane/certificates.ts';
import type { Home } from '../../local/home.ts';
import { issueLeaf } from '../../pki/index.ts';
import { startServer, type Command } from '../mcp/mcp-bed.ts';
import { provideNpm } from '../mcp/npm-packages.ts';
import { providePython } from '../sdk/python-sdks.ts';
import { providerAddress } from './dev-platform.ts';

const python = join(import.meta.dirname, '../mcp/python');

async function commands(): Promise<Readonly<Record<string, (port: number) => Command>>> {
  const [modules, interpreter] = await Promise.all([provideNpm(), providePython(python)]);
  const everything = join(modules, '@modelcontextprotocol/server-everything/dist/index.js');
  return {
    'npm.mcp.e2e.test': (port) => ({
      program: process.execPath,
      args: [everything, 'streamableHttp'],
      env: { PORT: String(port) },
    }),
    'pypi.mcp.e2e.test': (port) => ({
      program: interpreter,
      args: ['-B', join(python, 'mcp_server.py'), String(port)],
    }),
  };
}

export interface McpServers extends AsyncDisposable {
  readonly hosts: readonly string[];
}

export async function startMcpServers(home: Home): Promise<McpServers> {
  const started = await Promise.all(
    Object.entries(await commands()).map(
      async ([host, command]) => [host, await startServer(command)] as const,
    ),
  );
  const servers = new Map(started);
  const ca = keptCa(home.pki, 'provider-ca');
  const leaf = issueLeaf({
    ...{ ca, commonName: 'mcp servers', dnsNames: [...servers.keys()], ips: [], ttlMs: 3_600_000 },
    usage: 'server',
  });
  const cert = `${leaf.certificatePem}\n${ca.certificatePem}`;
  const front = createServer({ cert, key: leaf.privateKeyPem, ALPNProtocols: ['http/1.1'] }, (agent) => {
    const port = servers.get(String(agent.servername))?.port ?? 0;
    const way = connect({ host: '127.0.0.1', port });
    agent.pipe(way).on('error', () => agent.destroy());
    way.pipe(agent).on('error', () => way.destroy());
  });
  await new Promise<void>((resolve) => front.listen(443, providerAddress, resolve));
  return {
    hosts: [...servers.keys()],
    [Symbol.asyncDispose]: async () => {
      for (const { end } of servers.values()) end();
      await new Promise((resolve) => front.close(resolve));
    },
  };
}
