/** Connections of bytes nobody reads, and calls that only an L4 route opens, under its limits. */
import type { Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { CallLimit } from '../../../contract/index.ts';
import { MemoryLedger } from '../budget/memory-ledger.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';

const host = 'files.example.com';
const limit: CallLimit = {
  ...{
    account: 'rate/default/slow',
    calls: 2,
    windowMs: 86_400_000,
    scope: 'PerAgent',
    policy: 'default/slow',
  },
};
let bed: GatewayBed;
let ledger: MemoryLedger;
afterEach(() => bed.close());

async function open(serve: (socket: Socket) => void): Promise<void> {
  ledger = new MemoryLedger();
  bed = await openGatewayBed({ plain: true, serve, ledger });
  bed.configure((ip, port) => {
    const base = createConfig(ip, port);
    const rules = base.destinations.rules.map((rule) => ({ ...rule, limits: [limit] }));
    return { ...base, destinations: { ...base.destinations, rules } };
  });
}

async function connect(): Promise<Socket> {
  const agent = await bed.connect();
  agent.on('error', () => undefined);
  agent.write(bed.frame({ hostname: host }));
  return agent;
}

const last = (): Record<string, unknown> => bed.records.at(-1)?.attributes ?? {};

test('a server that speaks first is not even dialled once the limit is reached', async () => {
  await open((socket) => socket.end('220 mail\r\n'));
  for (let connection = 1; connection <= 2; connection += 1) {
    const agent = await connect();
    expect(await converse(agent, '', (text) => text.endsWith('\n'))).toBe('220 mail\r\n');
    agent.destroy();
    await until(() => bed.upstreamOpen() === 0, 'the end of the connection');
  }
  const agent = await connect();
  agent.resume();
  await until(
    () => bed.records.some(({ attributes }) => attributes['clrk.decision'] === 'deny'),
    'a refusal',
  );
  expect(last()['clrk.egress.deny_reason']).toBe('rate_limit');
  expect(bed.upstreamConnections()).toBe(2);
  agent.destroy();
});

test('bytes that the agent sends first are counted before a connection is made', async () => {
  await open((socket) => socket.end('ok\n'));
  for (let connection = 1; connection <= 3; connection += 1) {
    const agent = await connect();
    agent.resume();
    agent.write('\u0000\u0001\u0002 not http\n');
    await until(() => bed.records.length === connection, 'a record');
    agent.destroy();
  }
  expect(last()['clrk.egress.deny_reason']).toBe('rate_limit');
  expect(bed.upstreamConnections()).toBe(2);
  expect(ledger.total).toBe(2);
});

test('nobody can count: no connection is made', async () => {
  await open((socket) => socket.end('ok\n'));
  ledger.away = true;
  const agent = await connect();
  agent.resume();
  agent.write('\u0000\u0001\u0002 not http\n');
  await until(() => bed.records.length === 1, 'a record');
  expect(last()['clrk.egress.deny_reason']).toBe('rate_limit');
  expect(bed.upstreamConnections()).toBe(0);
  agent.destroy();
});
