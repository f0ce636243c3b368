/** Connections to HTTP/2 upstreams as a gateway uses them: how many there are, when they end, what is sent again. */
import { connect as connectHttp2, performServerHandshake, type ClientHttp2Session } from 'node:http2';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { http2Upstream } from '../../../egress/upstream/http2-connection.ts';
import { converse, openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import * as h2 from '../http2-frames.ts';

const host = 'files.example.com';

async function withBed(
  serve: (socket: Duplex) => void,
  run: (bed: GatewayBed) => Promise<void>,
): Promise<void> {
  const bed = await openGatewayBed({ alpn: ['h2'], serve });
  try {
    bed.configure((ip, port) => createConfig(ip, port));
    await run(bed);
  } finally {
    await bed.close();
  }
}

async function client(bed: GatewayBed): Promise<ClientHttp2Session> {
  const socket = await bed.dial(host, { alpn: ['h2'] });
  const session = connectHttp2(`https://${host}`, { createConnection: () => socket });
  session.on('error', () => undefined);
  return session;
}

function get(session: ClientHttp2Session, path = '/'): Promise<number> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':path': path, ':authority': host });
    let status = 0;
    stream.on('response', (headers) => (status = headers[':status'] ?? 0));
    stream.on('error', reject);
    stream.on('end', () => resolve(status));
    stream.resume();
  });
}

const answering = (socket: Duplex): void => {
  const session = performServerHandshake(socket);
  session.on('error', () => undefined);
  session.on('stream', (stream) => {
    stream.respond({ ':status': 200 });
    stream.end('x');
  });
};

test('S54: 60 first calls at once make one connection; idle it ends, and no new policy leaves one open', async () => {
  await withBed(answering, async (bed) => {
    const session = await client(bed);
    const calls = Array.from({ length: 60 }, (_, index) => get(session, `/${index}`));
    expect(new Set(await Promise.all(calls))).toEqual(new Set([200]));
    expect(bed.upstreamConnections()).toBe(1);
    bed.advance(http2Upstream.idleMs + 1);
    await until(() => bed.upstreamOpen() === 0, 'the idle connection to end');
    const other = await client(bed);
    expect(await get(other)).toBe(200);
    expect(bed.upstreamOpen()).toBe(1);
    bed.configure((ip, port) => createConfig(ip, port));
    await until(() => bed.upstreamOpen() === 0, 'the connection of the old policy to end');
  });
});

test.each<[string, (id: number) => Buffer]>([
  ['RST_STREAM(REFUSED_STREAM)', (id) => h2.reset(id, 7)],
  ['GOAWAY with a lower last stream', () => h2.goaway(0, 0)],
])('a call that the upstream answers with %s is sent again, as it was not begun', async (_name, refuse) => {
  let calls = 0;
  const serve = h2.serveFrames((id) => {
    calls += 1;
    return calls === 1 ? refuse(id) : h2.headers(id, [[':status', '200']], true);
  });
  await withBed(serve, async (bed) => {
    // DELETE may not be repeated for any other reason.
    const agent = await bed.dial(host);
    const text = await converse(agent, `DELETE / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, (got) =>
      got.includes('\r\n\r\n'),
    );
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(calls).toBe(2);
  });
});

test('a call that may have been begun is not sent again', async () => {
  let calls = 0;
  const serve = h2.serveFrames((id) => {
    calls += 1;
    return h2.reset(id, 2);
  });
  await withBed(serve, async (bed) => {
    const agent = await bed.dial(host);
    const text = await converse(agent, `DELETE / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, (got) =>
      got.endsWith('}'),
    );
    expect(text).toMatch(/^HTTP\/1\.1 502[^]*UPSTREAM_CLOSED/);
    expect(calls).toBe(1);
  });
});

test('a pooled connection whose upstream no longer answers PING is given up within seconds', async () => {
  let silent = false;
  const serve = (socket: Duplex): void => {
    socket.write(h2.settings);
    h2.readFrames(socket, true, ({ type, stream, wantsAck }) => {
      if (!silent && wantsAck) socket.write(h2.settingsAck);
      if (!silent && type === h2.frameType.headers) {
        socket.write(h2.headers(stream, [[':status', '200']], true));
      }
    });
  };
  await withBed(serve, async (bed) => {
    const session = await client(bed);
    expect(await get(session)).toBe(200);
    silent = true;
    const second = get(session);
    await until(() => bed.upstreamConnections() === 1, 'the old connection to be tried');
    bed.advance(http2Upstream.quietMs + 1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    silent = false;
    bed.advance(http2Upstream.pingTimeoutMs + 1);
    // GET may be repeated, and is, on a new connection.
    expect(await second).toBe(200);
    expect(bed.upstreamConnections()).toBe(2);
  });
});

test('an HTTP/1.1 agent is served by an upstream that speaks HTTP/2 only; a WebSocket is refused with the reason', async () => {
  await withBed(answering, async (bed) => {
    const agent = await bed.dial(host);
    const call = `GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: a=1\r\n`;
    expect(await converse(agent, `${call}\r\n`, (got) => got.endsWith('0\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 200/,
    );
    const upgrade = `${call}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n`;
    const refused = await converse(agent, upgrade, (got) => got.endsWith('}'));
    expect(refused).toMatch(/^HTTP\/1\.1 502[^]*HTTP\/2 only/);
    expect(bed.upstreamOpen()).toBe(1);
  });
});

test('S36: a connection of the old policy ends with the call that was on it when the policy changed', async () => {
  let answer: (() => void) | undefined;
  const serve = (socket: Duplex): void => {
    socket.on('data', () => {
      answer = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi');
    });
  };
  const bed = await openGatewayBed({ serve });
  try {
    bed.configure((ip, port) => createConfig(ip, port));
    const agent = await bed.dial(host);
    const answered = converse(agent, `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, (got) => got.endsWith('hi'));
    await until(() => answer !== undefined, 'the call');
    bed.configure((ip, port) => createConfig(ip, port));
    answer?.();
    expect(await answered).toMatch(/^HTTP\/1\.1 200/);
    await until(
      () => bed.upstreamOpen() === 0,
      'the connection to end at once, not when it was idle for long',
    );
  } finally {
    await bed.close();
  }
});
