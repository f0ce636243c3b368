/** The door of a gateway that takes its time, as it does where several processes have one: what an agent, and a policy, do meanwhile. */
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { OwnDoor, type Claim, type Door } from '../../../egress/session/door.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, gatewayCa } from '../gateway-config.ts';
import { json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';
import { chat, whole } from './conversation.ts';

/** Answers when it is told to. */
class SlowDoor implements Door {
  readonly asked: Array<() => void> = [];
  left = 0;

  enter(_: Claim, done: Parameters<Door['enter']>[1]): void {
    this.asked.push(() => done({ kind: 'entered' }, () => (this.left += 1)));
  }

  answer(): void {
    for (const each of this.asked.splice(0)) each();
  }
}

const seen: SeenRequest[] = [];
const door = new SlowDoor();
let bed: GatewayBed;

beforeAll(async () => {
  bed = await openGatewayBed({ serve: serveHttp1(seen, () => json(200, { ok: true })), door });
});
afterAll(() => bed.close());
beforeEach(() => {
  seen.length = 0;
  door.left = 0;
  bed.configure((ip, port) => createConfig(ip, port));
});

test('is asked once: what comes behind the frame waits, whole', async () => {
  const socket = await bed.connect();
  const frame = bed.frame();
  socket.write(frame.subarray(0, 40));
  socket.write(frame.subarray(40));
  const tls = connectTls({ socket, servername: 'api.openai.com', ca: gatewayCa.certificatePem });
  tls.on('error', () => tls.destroy());
  await until(() => door.asked.length > 0, 'the door was asked');
  // The ClientHello has come, or will: it must not be taken for another frame.
  await until(() => socket.bytesWritten > frame.length, 'more was sent');
  const isSecure = once(tls, 'secureConnect');
  expect(door.asked).toHaveLength(1);
  door.answer();
  await isSecure;
  expect(await converse(tls, chat('gpt-4o'), whole)).toContain('200');
  tls.destroy();
  await until(() => door.left === 1, 'its place is free');
});

test('S36: a policy that came while the door thought holds', async () => {
  const socket = await bed.connect();
  socket.write(bed.frame());
  await until(() => door.asked.length > 0, 'the door was asked');
  bed.configure((ip, port) => {
    const { framePeers } = createConfig(ip, port);
    return createConfig(ip, port, { framePeers: framePeers.map((peer) => ({ ...peer, agents: [] })) });
  });
  const gone = once(socket, 'close');
  const before = bed.records.length;
  door.answer();
  await gone;
  await until(() => door.left === 1, 'its place is free');
  // It was not met: an agent that is and says nothing is closed as well, later, and that is on record.
  expect(bed.records.slice(before)).toEqual([]);
});

test('whose agent has gone while the door thought gives its place back', async () => {
  const socket = await bed.connect();
  socket.write(bed.frame());
  await until(() => door.asked.length > 0, 'the door was asked');
  socket.resetAndDestroy();
  // The gateway is told of it by a look at the connection, a second apart.
  await until(() => bed.core.connections === 0, 'it is over');
  door.answer();
  expect(door.left).toBe(1);
});

test('S54: a place is given back once', () => {
  const own = new OwnDoor(() => 0);
  const claim = (nonce: number): Claim => ({
    ...{
      pool: 'ns/p',
      nonce: String(nonce),
      issuedAt: 0,
      agentKind: 'TaskAgent',
      namespace: 'ns',
      name: 'a',
    },
  });
  const enter = (nonce: number): { kind: string; leave: () => void } => {
    let told = { kind: '', leave: (): void => undefined };
    own.enter(claim(nonce), ({ kind }, leave) => (told = { kind, leave }));
    return told;
  };
  const first = enter(0);
  for (let nonce = 1; nonce < 512; nonce += 1) enter(nonce);
  expect(enter(512).kind).toBe('full');
  first.leave();
  first.leave();
  expect(enter(513).kind).toBe('entered');
  expect(enter(514).kind).toBe('full');
});
