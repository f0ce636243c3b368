/** What an EgressL4Route sends to a Backend: only where it is dialled changes, never who is spoken to. */
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { GatewayConfig, RouteBackend } from '../../../contract/index.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';

const host = 'files.example.com';
let bed: GatewayBed;
afterEach(() => bed.close());

interface Sent {
  readonly host: string;
  readonly port: number;
  readonly aliases: ReadonlyArray<readonly [ip: string, host: string]>;
  readonly change?: Partial<GatewayConfig>;
}

/** The agent asks for port 7 of a host that stands for nothing; its route names a Backend. */
function sentTo({ host: at, port, aliases, change }: Sent): GatewayConfig {
  const backend: RouteBackend = {
    ...{ name: 'place', weight: 1, host: at, port },
    ...{ schema: '', modelRewrites: [], ensureStreamUsage: false },
  };
  const base = createConfig('192.0.2.254', 7);
  const rules = base.destinations.rules.map((rule) => ({ ...rule, backends: [backend] }));
  return createConfig('192.0.2.254', 7, {
    destinations: { ...base.destinations, rules },
    upstream: { ...base.upstream, hostAliases: aliases.map(([ip, name]) => ({ ip, hostnames: [name] })) },
    ...change,
  });
}

const frame = () => bed.frame({ hostname: host, destination: { ip: '198.18.0.9', port: 7 } });

async function raw(
  serve: (socket: Socket) => void,
  sent: (ip: string, port: number) => Sent,
): Promise<Socket> {
  bed = await openGatewayBed({ plain: true, serve });
  bed.configure((ip, port) => sentTo(sent(ip, port)));
  const agent = await bed.connect();
  agent.on('error', () => agent.destroy());
  agent.write(frame());
  return agent;
}

const last = (): Record<string, unknown> => bed.records.at(-1)?.attributes ?? {};
const echo = (socket: Socket): void => {
  socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
};

test('bytes go to the Backend, whatever the name the agent asked for stands for', async () => {
  const agent = await raw(echo, (ip, port) => ({
    ...{ host: 'db.example.net', port },
    aliases: [
      [ip, 'db.example.net'],
      ['192.0.2.253', host],
    ],
  }));
  expect(await converse(agent, 'hello\r\n', (text) => text.endsWith('\n'))).toBe('echo hello\r\n');
  agent.destroy();
});

test('a Backend may be an address', async () => {
  const agent = await raw(echo, (ip, port) => ({ host: ip, port, aliases: [] }));
  expect(await converse(agent, 'hello\r\n', (text) => text.endsWith('\n'))).toBe('echo hello\r\n');
  agent.destroy();
});

describe('S9, S26: the place of a Backend is judged as any other', () => {
  test.each<[string, string, string]>([
    ['loopback', '127.0.0.1', 'loopback'],
    ['metadata', '169.254.169.254', 'link_local'],
    ['private, and no route names the range', '10.9.8.7', 'private'],
  ])('%s', async (_name, at, reason) => {
    const agent = await raw(echo, (_ip, port) => ({ host: at, port, aliases: [] }));
    agent.write('hello\r\n');
    await until(() => bed.records.length > 0, 'a record');
    expect(last()['clrk.egress.deny_reason']).toBe(reason);
    expect(bed.upstreamConnections()).toBe(0);
  });
});

describe('a host that policy knows by another name', () => {
  const place = (ip: string, port: number): Sent => ({
    ...{ host: 'db.example.net', port },
    aliases: [[ip, 'db.example.net']],
  });
  test('S46: one that an MCPRoute governs gets no bytes', async () => {
    const mcpRoutes = [
      { route: { namespace: 'default', name: 'strict' }, hostnames: ['db.example.net'], rules: [] },
    ];
    const agent = await raw(echo, (ip, port) => ({ ...place(ip, port), change: { mcpRoutes } }));
    agent.write('hello\r\n');
    await until(() => bed.records.length > 0, 'a record');
    expect(last()['clrk.decision']).toBe('deny');
    expect(bed.upstreamConnections()).toBe(0);
  });
});

test('S16: behind TLS the server proves to be who the agent asked for', async () => {
  const names: string[] = [];
  bed = await openGatewayBed({
    serve: (socket) => {
      names.push(String(socket.servername));
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    },
  });
  // Its certificate is for the hosts of the bed, and not for the name of the Backend.
  bed.configure((ip, port) =>
    sentTo({ host: 'proxy.example.net', port, aliases: [[ip, 'proxy.example.net']] }),
  );
  const agent = await bed.dial(host, { frame: { destination: { ip: '198.18.0.9', port: 7 } } });
  const got = await converse(agent, `GET / HTTP/1.1\r\nHost: ${host}:7\r\n\r\n`, (text) =>
    text.endsWith('ok'),
  );
  expect(got).toContain('200 OK');
  expect(names).toEqual([host]);
  agent.destroy();
});

test('S36: a relay ends when its route sends somewhere else', async () => {
  const sent = (ip: string, port: number): Sent => ({
    ...{ host: 'db.example.net', port },
    aliases: [
      [ip, 'db.example.net'],
      [ip, 'other.example.net'],
    ],
  });
  const agent = await raw(echo, sent);
  expect(await converse(agent, 'hello\r\n', (text) => text.endsWith('\n'))).toBe('echo hello\r\n');
  let closed = false;
  agent.on('close', () => (closed = true));
  bed.configure((ip, port) => sentTo(sent(ip, port)));
  expect(await converse(agent, 'again\r\n', (text) => text.endsWith('\n'))).toBe('echo again\r\n');
  bed.configure((ip, port) => sentTo({ ...sent(ip, port), host: 'other.example.net' }));
  await until(() => closed, 'the end of the relay');
});
