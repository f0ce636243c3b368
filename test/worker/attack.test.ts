/**
 * What a sandbox tries and must not get. Each attempt is made from inside a real sandbox; the world outside is asked
 * what it saw. A refusal must come within a second and leave exactly one record.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../../worker/system/command.ts';
import { takeRefusedTraffic } from '../../worker/network/refused-packet.ts';
import { attackAgents, shell, tryTcp } from './attack-agents.ts';
import { TestWorker, testGatewayConfig, waitFor } from './test-worker.ts';

let worker: TestWorker;

let hostServer: ReturnType<typeof createServer>;
let hostPort = 0;
let hostConnections = 0;

beforeAll(async () => {
  hostServer = createServer((socket) => {
    hostConnections += 1;
    socket.end('from the host\n');
  });
  await new Promise<void>((resolve) => hostServer.listen(0, '0.0.0.0', resolve));
  hostPort = (hostServer.address() as AddressInfo).port;
  worker = await TestWorker.open(attackAgents(hostPort));
}, 60_000);

afterAll(async () => {
  await worker.worker.close(0);
  expect(worker.remains()).toEqual([]);
  expect(hostConnections).toBe(0);
  await worker[Symbol.asyncDispose]();
  await new Promise((resolve) => hostServer.close(resolve));
});

interface Attempt {
  readonly text: string;
  readonly ms: number;
  readonly refusals: readonly string[];
  readonly frames: number;
}

async function attempt(agent: string): Promise<Attempt> {
  const before = worker.denyReasons().length;
  const frames = worker.gateway.frames.length;
  const answer = await worker.call(agent);
  const event = worker.eventsOf(answer.invocationId).at(-1);
  await worker.worker.settled();
  const phases = event?.status.phasesMs ?? {};
  return {
    text: answer.text,
    ms: (phases['wait'] ?? 0) + (phases['firstByte'] ?? 0),
    refusals: worker.denyReasons().slice(before),
    frames: worker.gateway.frames.length - frames,
  };
}

/** Each try was shut; none hung. `perTry` covers the shell's own forks on a busy machine. */
function expectShut(result: Attempt, tries: number): void {
  expect(result.text.match(/ shut$/gm)).toHaveLength(tries);
  expect(result.text).not.toContain(' open');
  expect(result.ms).toBeLessThan(tries * 1000);
  expect(result.frames).toBe(0);
}

describe('getting round the interception', () => {
  test('S1: a raw socket without proxy variables still meets the gateway, by name', async () => {
    const result = await attempt('named');
    expect(result.text).toContain('gateway saw api.example.com:80');
    expect(worker.gateway.frames.at(-1)).toMatchObject({
      agentKind: 'TaskAgent',
      namespace: 'default',
      name: 'named',
      uid: 'uid-named',
      revision: 'named-00001',
      hostname: 'api.example.com',
      pool: 'default/pool',
    });
    expect(worker.gateway.invalid).toBe(0);
  });

  test('S1: a port no rule opens is shut, with one record', async () => {
    const result = await attempt('wrong-port');
    expectShut(result, 1);
    expect(result.refusals).toEqual(['policy api.example.com 8080']);
  });

  test('S2: an IP literal is denied on any port unless a CIDR rule opens it', async () => {
    const result = await attempt('literal');
    expectShut(result, 2);
    expect(result.refusals).toEqual(['ip_literal 93.184.216.34 443', 'ip_literal 93.184.216.34 80']);
    expect((await attempt('literal-open')).text).toContain('gateway saw 203.0.113.9:80');
  });

  test('S3: IPv6 in every form is refused at once and recorded', async () => {
    const result = await attempt('ipv6');
    expectShut(result, 4);
    expect(result.refusals).toContain('ipv6 2001:db8::1 443');
    expect(result.refusals).toContain('ipv6 2001:db8::1 53');
    expect(result.refusals).toContain('ip_literal 93.184.216.34 443');
  });

  test('S5: UDP 443 is rejected at once, with one record', async () => {
    const result = await attempt('quic');
    expectShut(result, 1);
    expect(result.refusals).toEqual(['udp 93.184.216.34 443']);
  });

  test('S6 S8: other ports, DNS over TCP, DoT and DoH are denied', async () => {
    const result = await attempt('ports');
    expectShut(result, 5);
    expect(result.refusals).toHaveLength(5);
  });

  test('S6: no capability but CAP_NET_BIND_SERVICE', async () => {
    const { text } = await attempt('raw');
    expect(text).toMatch(/CapEff:\s+0000000000000400/);
    expect(text).toMatch(/CapBnd:\s+0000000000000400/);
  });

  test('S7: a denied name does not exist at once, one record, and no query leaves', async () => {
    const seen: Buffer[] = [];
    const resolver = createSocket('udp4').on('message', (message) => seen.push(message));
    await new Promise<void>((resolve) => resolver.bind(0, '0.0.0.0', resolve));
    const result = await attempt('denied-name');
    resolver.close();
    expect(result.text).toBe('refused\nrefused\n');
    expect(result.ms).toBeLessThan(2000);
    expect(result.refusals).toEqual(['dns_policy secret-data.attacker.example 53']);
    expect(seen).toEqual([]);
  });

  test('S7 S50: a flood of denied names is bounded in records', async () => {
    const result = await attempt('many-names');
    expect(result.text).toContain('done');
    expect(result.refusals.length).toBeGreaterThan(50);
    expect(result.refusals.length).toBeLessThan(300);
  });

  test('S3: an allowed name has a synthetic IPv4 address and no IPv6', async () => {
    const { text } = await attempt('allowed-name');
    expect(text).toMatch(/^198\.1[89]\./m);
    expect(text).toContain('no v6');
  });

  test('S9: a synthetic address nobody was given opens nothing', async () => {
    const result = await attempt('synthetic-guess');
    expectShut(result, 1);
    expect(result.refusals).toEqual(['reserved 198.18.1.0 80']);
  });

  test('S11: without a live gateway nothing opens, and it comes back with the gateway', async () => {
    worker.gatewayUp = false;
    const down = await attempt('wait-and-connect');
    worker.gatewayUp = true;
    expectShut(down, 1);
    expect(down.refusals).toEqual(['gateway_unavailable api.example.com 80']);
  });

  test('S11: an agent without gateways reaches nothing', async () => {
    const result = await attempt('no-gateway');
    expect(result.text).not.toContain('gateway saw');
    expect(result.refusals).toEqual(['dns_policy api.example.com 53', 'no_gateway 203.0.113.9 80']);
  });
});

describe('reaching what is near', () => {
  test('S25: metadata addresses of clouds are shut; ours knows no cloud paths', async () => {
    const result = await attempt('metadata');
    expectShut({ ...result, text: result.text.replace(/404\n$/, '') }, 4);
    expect(result.text).toMatch(/404\n$/);
    expect(result.refusals.map((line) => line.split(' ')[0])).toEqual([
      'link_local',
      'link_local',
      'metadata',
      'metadata',
    ]);
  });

  test('S26 S51: loopback is the sandbox itself; the host and the platform are shut', async () => {
    const result = await attempt('host');
    expectShut(result, 4);
    expect(hostConnections).toBe(0);
    expect(result.refusals).toContain('platform 198.51.100.7 4222');
  });

  test('S51: the addresses of other slots and of the router are shut', async () => {
    const running = worker.call('named');
    const result = await attempt('neighbours');
    expect(result.text).not.toContain(' open');
    expect(result.frames).toBeLessThanOrEqual(1);
    await running;
  });
});

describe('the wall itself', () => {
  test('S13: a packet with another source address than the slot has is dropped', async () => {
    const name = `clrk-${worker.name}`;
    const slots = (await runCommand('ip', ['netns', 'list']))
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '');
    const slot = slots.find((each) => each.startsWith(`${name}-`)) ?? '';
    const index = Number(slot.slice(name.length + 1));
    const own = `100.64.0.${index * 4 + 2}`;
    // From the slot's own namespace as root: stronger than anything a sandbox can do.
    await runCommand('ip', ['-n', slot, 'addr', 'add', '100.64.0.250/32', 'dev', 'eth0']);
    // Whatever passes the source check is refused with an entry; what does not leaves none.
    const send = async (source: string): Promise<number> => {
      const program = `const s = require('dgram').createSocket('udp4'); s.on('error', () => s.close()); s.bind(0, '${source}', () => s.send('x', 443, '93.184.216.34', () => s.close()))`;
      await runCommand('nsenter', [`--net=/run/netns/${slot}`, '--', process.execPath, '-e', program]);
      return (await takeRefusedTraffic(name, index)).packets.length;
    };
    expect(await send(own)).toBe(1);
    expect(await send('100.64.0.250')).toBe(0);
    await runCommand('ip', ['-n', slot, 'addr', 'del', '100.64.0.250/32', 'dev', 'eth0']);
  });

  test('S10: a slot nobody lives in gets nothing but a reset and an orphan record', async () => {
    const name = `clrk-${worker.name}`;
    const slots = (await runCommand('ip', ['netns', 'list']))
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '');
    const slot = slots.find((each) => each.startsWith(`${name}-`)) ?? '';
    const before = worker.denyReasons().length;
    await runCommand('nsenter', [
      `--net=/run/netns/${slot}`,
      '--',
      'curl',
      '-s',
      '-m',
      '1',
      'http://203.0.113.9/',
    ]).catch(() => undefined);
    await waitFor(() => worker.denyReasons().length > before);
    expect(worker.denyReasons().slice(before)).toEqual(['orphan_sandbox 203.0.113.9 80']);
  });

  test('S36: a policy tightened while a sandbox runs holds for its next connection', async () => {
    const agents = worker.config([shell('late', 'sleep 1; ' + tryTcp('api.example.com', 80))]).agents;
    await worker.apply(agents);
    const running = worker.call('late');
    await waitFor(() => worker.worker.status().inFlight['TaskAgent/default/late'] === 1);
    await worker.apply(agents, { gateways: [testGatewayConfig({ rules: [] })] });
    expect((await running).text).toBe('api.example.com:80 shut\n');
  });
});
