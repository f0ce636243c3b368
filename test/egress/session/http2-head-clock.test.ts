/** A head over HTTP/2 has its time, whatever it stops behind; who is not inside of one keeps its connection. */
import { afterEach, expect, test } from 'vitest';
import { http2Head, Http2HeadClock } from '../../../egress/session/http2-head-clock.ts';
import { openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import * as h2 from '../http2-frames.ts';
import { serveHttp1, type SeenRequest } from '../http1-upstream.ts';

const { headMs, answerMs } = http2Head;
let asked: Array<() => void>;
function open(): Http2HeadClock {
  asked = [];
  return new Http2HeadClock((answered) => asked.push(answered));
}

test('S30: a stream that was begun and not told of is asked about, and ends without an answer', () => {
  const clock = open();
  clock.whole(1);
  const stuck = { begun: 3, hasSpoken: true };
  expect(clock.isOverdue(0, stuck)).toBe(false);
  expect(clock.isOverdue(headMs, stuck)).toBe(false);
  expect(asked).toHaveLength(0);
  expect(clock.isOverdue(headMs + 1, stuck)).toBe(false);
  expect(asked).toHaveLength(1);
  expect(clock.isOverdue(headMs + 1 + answerMs, stuck)).toBe(false);
  expect(clock.isOverdue(headMs + 2 + answerMs, stuck)).toBe(true);
});

test('a stream that node refused by itself is not asked about twice', () => {
  const clock = open();
  const refused = { begun: 3, hasSpoken: true };
  clock.isOverdue(0, refused);
  clock.isOverdue(headMs + 1, refused);
  asked[0]?.();
  expect(clock.isOverdue(10 * headMs, refused)).toBe(false);
  expect(clock.isOverdue(20 * headMs, refused)).toBe(false);
  expect(asked).toHaveLength(1);
  // The next one is a matter of its own.
  clock.isOverdue(30 * headMs, { ...refused, begun: 5 });
  clock.isOverdue(40 * headMs, { ...refused, begun: 5 });
  expect(asked).toHaveLength(2);
});

test('a head that becomes whole has its time anew the next time', () => {
  const clock = open();
  clock.isOverdue(0, { begun: 1, hasSpoken: true });
  clock.whole(1);
  clock.isOverdue(headMs, { begun: 1, hasSpoken: true });
  clock.isOverdue(headMs + 1, { begun: 3, hasSpoken: true });
  clock.isOverdue(headMs + 2, { begun: 3, hasSpoken: true });
  expect(asked).toHaveLength(0);
});

test('who has said nothing is not asked', () => {
  const clock = open();
  clock.isOverdue(0, { begun: 0, hasSpoken: false });
  clock.isOverdue(10 * headMs, { begun: 0, hasSpoken: false });
  expect(asked).toHaveLength(0);
});

const host = 'files.example.com';
const seen: SeenRequest[] = [];
let bed: GatewayBed | undefined;
afterEach(async () => {
  await bed?.close();
  bed = undefined;
});

async function connect(): Promise<{ bed: GatewayBed; socket: Awaited<ReturnType<GatewayBed['dial']>> }> {
  seen.length = 0;
  const opened = await openGatewayBed({ serve: serveHttp1(seen, () => 'HTTP/1.1 204 No\r\n\r\n') });
  bed = opened;
  opened.configure((ip, port) => createConfig(ip, port));
  return { bed: opened, socket: await opened.dial(host, { alpn: ['h2'] }) };
}

/** On the gateway's clock, as long as a head may take and no longer; its ticks are real ones. */
async function passTime(gateway: GatewayBed, isDone: () => boolean): Promise<void> {
  for (let passed = 0; passed < 2 * (headMs + answerMs) && !isDone(); passed += headMs / 4) {
    gateway.advance(headMs / 4);
    await new Promise((resolve) => setTimeout(resolve, 110));
  }
}

const whole = h2.headers(3, h2.request(host), true);
/** A head without END_HEADERS: what follows is to come in a CONTINUATION. */
const open1 = Buffer.from(whole);
open1[4] = 1;
const continuation = h2.frame(9, 0, 3, Buffer.from([0, 1, 97, 1, 98]));

test.each([
  ['in the middle of its frame', whole.subarray(0, 20)],
  ['behind the head of its frame', whole.subarray(0, 9)],
  ['before its CONTINUATION', open1],
  ['between two CONTINUATIONs', Buffer.concat([open1, continuation])],
  ['in the middle of a CONTINUATION', Buffer.concat([open1, continuation.subarray(0, 11)])],
])('S30: a head of HTTP/2 that stops %s ends, and is recorded', async (_name, part) => {
  const { bed: gateway, socket } = await connect();
  // A client that takes care to answer whatever it may.
  h2.readFrames(socket, false);
  const first = h2.headers(1, h2.request(host), true);
  socket.write(Buffer.concat([h2.clientPreface, h2.settingsAck, first]));
  await until(() => gateway.records.length === 1, 'a call');
  socket.write(part);
  await passTime(gateway, () => gateway.core.connections === 0);
  await until(() => gateway.core.connections === 0, 'the end of the connection');
  expect(gateway.records.at(-1)?.errorMessage).toContain('head of a request');
  expect(seen).toHaveLength(1);
});

test('S30: half a preface of HTTP/2 ends like half a head', async () => {
  const { bed: gateway, socket } = await connect();
  h2.readFrames(socket, false);
  socket.write(h2.clientPreface.subarray(0, 12));
  await passTime(gateway, () => gateway.core.connections === 0);
  await until(() => gateway.core.connections === 0, 'the end of the connection');
});

test('an agent that has connected ahead of its first call, or whose call node refused, keeps its connection', async () => {
  const { bed: gateway, socket } = await connect();
  let pings = 0;
  h2.readFrames(socket, false, ({ type, payload }) => {
    if (type !== h2.frameType.ping) return;
    pings += 1;
    socket.write(h2.frame(h2.frameType.ping, 1, 0, payload));
  });
  socket.write(Buffer.concat([h2.clientPreface, h2.settingsAck]));
  await passTime(gateway, () => pings === 1);
  // No :path: nghttp2 resets the stream, node tells nobody.
  socket.write(
    h2.headers(
      1,
      h2.request(host).filter(([name]) => name !== ':path'),
      true,
    ),
  );
  await passTime(gateway, () => pings === 2);
  gateway.advance(answerMs + 1);
  await new Promise((resolve) => setTimeout(resolve, 250));
  socket.write(h2.headers(3, h2.request(host), true));
  await until(() => seen.length === 1, 'a call');
  expect(pings).toBe(2);
});
