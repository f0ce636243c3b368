/**
 * The way of a sandbox to a gateway: a listener at 443 for each host, which sends the identity frame as a worker does. Clients find
 * the listeners by /etc/hosts and the gateway's CA where sandboxes have it. Everything it opens is closed by `close`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayBed } from '../egress/gateway-bed.ts';
import { gatewayCa } from '../egress/gateway-config.ts';

export interface SandboxWay {
  /** Files that stand in a sandbox at other places. */
  readonly hostsFile: string;
  readonly bundleFile: string;
  close(): Promise<void>;
}

/** Two files of tests have two of these at once. */
const firstNet = 20;
const nets = 200;

/** Whoever cannot speak on is gone for the other too. */
function relay(one: Socket, other: Socket): void {
  one.pipe(other).on('error', () => one.destroy());
  one.on('close', () => other.destroy());
}

function worker(gateway: GatewayBed, hostname: string, sockets: Set<Socket>): Server {
  return createServer({ noDelay: true }, (agent) => {
    const way = connect({ host: '127.0.0.1', port: gateway.port, noDelay: true });
    for (const socket of [agent, way]) {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
    }
    way.write(gateway.frame({ hostname }));
    relay(agent, way);
    relay(way, agent);
  });
}

function listen(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(443, host, () => resolve());
  });
}

/** False: somebody has the net. */
async function takes(servers: readonly Server[], net: string): Promise<boolean> {
  try {
    for (const [index, server] of servers.entries()) await listen(server, `${net}.${index + 1}`);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return false;
  }
}

async function listenAll(servers: readonly Server[]): Promise<string> {
  const start = process.pid % nets;
  for (let step = 0; step < nets; step += 1) {
    const net = `127.77.${firstNet + ((start + step) % nets)}`;
    if (await takes(servers, net)) return net;
  }
  throw new Error('no free addresses for the hosts');
}

export async function openSandboxWay(gateway: GatewayBed, hosts: readonly string[]): Promise<SandboxWay> {
  const sockets = new Set<Socket>();
  const servers = hosts.map((host) => worker(gateway, host, sockets));
  const net = await listenAll(servers);
  const directory = mkdtempSync(join(tmpdir(), 'clrk-sdk-'));
  const hostsFile = join(directory, 'hosts');
  const bundleFile = join(directory, 'bundle.crt');
  const lines = hosts.map((host, index) => `${net}.${index + 1} ${host}\n`);
  writeFileSync(hostsFile, ['127.0.0.1 localhost\n', ...lines].join(''));
  writeFileSync(bundleFile, gatewayCa.certificatePem);
  return {
    hostsFile,
    bundleFile,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
