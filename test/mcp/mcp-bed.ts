/**
 * A real MCP server behind TLS behind a gateway, and the way of a sandbox to the gateway. Everything it opens is closed by `close`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { McpRoute } from '../../contract/index.ts';
import { MemoryLedger } from '../egress/budget/memory-ledger.ts';
import { openGatewayBed, until, type GatewayBed } from '../egress/gateway-bed.ts';
import { createConfig } from '../egress/gateway-config.ts';
import { openSandboxWay, type SandboxWay } from '../sdk/sandbox-way.ts';

/** One that the usual policy of egress/ opens by an L4 route; the MCPRoute governs it. */
export const host = 'files.example.com';
export const url = `https://${host}/mcp`;

export interface McpBed extends SandboxWay {
  readonly gateway: GatewayBed;
  /** Where the server is without the gateway. */
  readonly direct: string;
  use(...routes: McpRoute[]): void;
}

/** Nobody listens there. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** A server as its makers ship it, at a port of loopback. */
export async function startServer(
  command: (port: number) => Command,
): Promise<{ port: number; end(): void }> {
  const port = await freePort();
  const { program, args, env } = command(port);
  const child: ChildProcess = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...env },
    stdio: 'ignore',
  });
  let open = false;
  const poll = setInterval(() => void answers(port).then((is) => (open ||= is)), 100);
  await until(() => open, 'an MCP server that listens').finally(() => clearInterval(poll));
  return { port, end: () => void child.kill() };
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export async function openMcpBed(command: (port: number) => Command): Promise<McpBed> {
  const server = await startServer(command);
  const serve = (agent: Socket): void => {
    const way = connect({ host: '127.0.0.1', port: server.port });
    agent.pipe(way).on('error', () => agent.destroy());
    way.pipe(agent);
    agent.on('close', () => way.destroy());
  };
  const gateway = await openGatewayBed({ serve, ledger: new MemoryLedger() });
  const way = await openSandboxWay(gateway, [host]);
  return {
    ...way,
    gateway,
    direct: `http://127.0.0.1:${server.port}/mcp`,
    use: (...mcpRoutes) => gateway.configure((ip, port) => createConfig(ip, port, { mcpRoutes })),
    close: async () => {
      await way.close();
      await gateway.close();
      server.end();
    },
  };
}
