/**
 * A connector on the listening socket at descriptor 3, with agents and a gateway of its own around it, in a process of its own
 * because a descriptor can be listened on once. Prints what it saw as JSON.
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { parseHostname, type PoolGateway } from '../../../contract/index.ts';
import { Connector } from '../../../worker/egress/connector.ts';
import type { Refusal, Refusals } from '../../../worker/egress/refusal.ts';
import { Occupancy } from '../../../worker/egress/occupancy.ts';
import { slotAddress } from '../../../worker/network/slot-address.ts';

const destinations = { defaultPolicy: 'allow-all', rules: [], platformCidrs: [] };
const open = { id: 'd/g', destinations } as unknown as PoolGateway;
const port = Number(process.argv[2]);
let gateways: readonly PoolGateway[] = [open];
let heldMs = 30_000;
const refused: string[] = [];
const joined = new Set<Socket>();
/** Whether it reads what it is sent. */
let reads = true;
/** First bytes of each connection: its identity frame. */
const frames: string[] = [];

const gateway = createServer((socket) => {
  joined.add(socket);
  socket.on('error', () => undefined);
  socket.on('close', () => joined.delete(socket));
  socket.once('data', (chunk: Buffer) => frames.push(chunk.toString('latin1')));
  if (reads) socket.resume();
  else socket.pause();
});
gateway.listen(0, '127.0.0.1');
await once(gateway, 'listening');

const occupancy = new Occupancy(Date.now);
const occupant = occupancy.enter({
  sandboxId: 's',
  slot: slotAddress('r', 0),
  agent: { kind: 'TaskAgent', namespace: 'd', name: 'a', uid: 'u' },
  agentId: 'TaskAgent/d/a',
  revision: 'r',
});
occupant.begin({ invocationId: 'first-run', traceparent: '' });
// What is dialled here is loopback: to the occupant it is an address of a name.
Object.assign(occupant, { names: { nameOf: () => parseHostname('api.example.com') } });
Object.assign(occupancy, { byIp: () => occupant });
const connector = new Connector({
  fd: 3,
  occupancy,
  gatewaysOf: () => gateways,
  addressesOf: () => [`127.0.0.1:${(gateway.address() as AddressInfo).port}`],
  frameKey: () => ({ pool: 'd/p', key: Buffer.alloc(32) }),
  refusals: { record: (_: unknown, { reason }: Refusal) => refused.push(reason) } as unknown as Refusals,
  now: Date.now,
  get heldMs() {
    return heldMs;
  },
  onError: (error) => console.error(error),
});

async function until(condition: () => boolean): Promise<boolean> {
  const end = Date.now() + 10_000;
  while (!condition() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
  return condition();
}

async function dial(): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => undefined);
  socket.resume();
  // Who is refused is reset, at times before the connection is seen.
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', () => resolve());
  });
  return socket;
}

const agents: Socket[] = [];
for (let index = 0; index < 260; index += 1) agents.push(await dial());
await until(() => joined.size + refused.length === 260);
const cap = { joined: joined.size, refused: refused.length, reasons: [...new Set(refused)] };

agents.find((agent) => !agent.destroyed)?.destroy();
const freed = await until(() => occupant.connections === 255);

// The same gateway under a new policy that opens the same.
gateways = [{ ...open }];
connector.revalidate();
await new Promise((resolve) => setTimeout(resolve, 300));
const kept = joined.size;

refused.length = 0;
gateways = [{ ...open, id: 'd/other' }, open];
const moved = await until(() => joined.size === 0 && agents.every((agent) => agent.destroyed));

gateways = [open];
const last = await dial();
await until(() => joined.size === 1);
gateways = [];
refused.length = 0;
const detached = await until(() => joined.size === 0 && last.destroyed);

const detachedReasons = [...refused];

// An agent that its gateway does not read sends until nothing moves, and resets.
gateways = [open];
reads = false;
const stuck = await dial();
await until(() => joined.size === 1);
const block = Buffer.alloc(64 * 1024, 'x');
for (let count = 0; count < 1_000; count += 1) stuck.write(block);
let left = 0;
let still = 0;
await until(() => {
  still = stuck.writableLength === left ? still + 1 : 0;
  left = stuck.writableLength;
  return left > 0 && still > 30;
});
stuck.resetAndDestroy();
const reset = await until(() => occupant.connections === 0);
for (const socket of joined) socket.resume();
await until(() => joined.size === 0);
reads = true;

gateways = [open];
const old = await dial();
await until(() => joined.size === 1);
occupant.end();
const ended = await until(() => joined.size === 0 && old.destroyed);
refused.length = 0;
frames.length = 0;
const held: Socket[] = [];
for (let index = 0; index < 66; index += 1) held.push(await dial());
// Those over the bound are refused; then every other one has been looked at too.
await until(() => refused.length === 2);
const between = { joined: joined.size, reasons: [...refused] };
occupant.begin({ invocationId: 'second-run', traceparent: '' });
await until(() => frames.length === 64);
const after = { joined: joined.size, of: frames.filter((frame) => frame.includes('second-run')).length };

// One that waits, and a run that is over before anything was opened for it.
occupant.end();
await until(() => joined.size === 0);
frames.length = 0;
refused.length = 0;
let asked = 0;
const nextRun = occupant.nextRun.bind(occupant);
const counted: typeof nextRun = (signal) => {
  asked += 1;
  return nextRun(signal);
};
Object.assign(occupant, { nextRun: counted });
const overtaken = await dial();
await until(() => asked === 1);
occupant.begin({ invocationId: 'short-run', traceparent: '' });
occupant.end();
const short = { isReset: await until(() => overtaken.destroyed), frames: frames.length };
heldMs = 50;
const impatient = await dial();
const waited = { isReset: await until(() => impatient.destroyed), reasons: [...refused] };

const runs = { ended, between, after, short, waited };
console.log(JSON.stringify({ cap, freed, kept, moved, detached, reasons: detachedReasons, reset, runs }));
for (const agent of [...agents, last, old, ...held]) agent.destroy();
await connector[Symbol.asyncDispose]();
gateway.close();
