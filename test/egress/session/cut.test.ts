/** What was cut is told as cut: each way in which one side of a call can break off, and what the other side then sees. */
import { constants } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import * as h2 from '../http2-frames.ts';

const host = 'files.example.com';
const ok = (stream: number, ...more: Array<readonly [string, string]>): Buffer =>
  h2.headers(stream, [[':status', '200'], ...more], false);

async function withBed(
  options: Parameters<typeof openGatewayBed>[0],
  run: (bed: GatewayBed) => Promise<void>,
): Promise<void> {
  const bed = await openGatewayBed(options);
  try {
    bed.configure((ip, port) => createConfig(ip, port));
    await run(bed);
  } finally {
    await bed.close();
  }
}

async function callHttp2(bed: GatewayBed): Promise<h2.SeenFrame[]> {
  const socket = await bed.dial(host, { alpn: ['h2'] });
  const frames = h2.readFrames(socket, false);
  socket.write(Buffer.concat([h2.clientPreface, h2.headers(1, h2.request(host), true)]));
  await until(() => bed.records.length === 1, 'a record');
  await until(
    () => frames.some(({ type, endsStream }) => type === h2.frameType.reset || endsStream),
    'an end',
  );
  return frames;
}

async function callHttp1(bed: GatewayBed, version: '1.0' | '1.1'): Promise<{ text: string; clean: boolean }> {
  const socket = await bed.dial(host);
  let text = '';
  let clean = false;
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  socket.on('end', () => (clean = true));
  socket.write(`GET / HTTP/${version}\r\nHost: ${host}\r\n\r\n`);
  await until(() => bed.records.length === 1 && (clean || socket.destroyed), 'a record and the end');
  return { text, clean };
}

const later = (socket: Duplex, then: () => void): undefined => {
  setTimeout(then, 30);
  void socket;
  return undefined;
};

const cutsOfHttp2: Array<[string, (stream: number, socket: Duplex) => Buffer | undefined]> = [
  ['RST_STREAM(NO_ERROR)', (id) => Buffer.concat([ok(id), h2.data(id, 'half', false), h2.reset(id, 0)])],
  ['RST_STREAM(CANCEL)', (id) => Buffer.concat([ok(id), h2.data(id, 'half', false), h2.reset(id, 8)])],
  ['a reset right after the head', (id) => Buffer.concat([ok(id), h2.reset(id, 0)])],
  [
    'less than its content-length',
    (id) => Buffer.concat([ok(id, ['content-length', '100']), h2.data(id, 'half', true)]),
  ],
  [
    'GOAWAY and the end of the connection',
    (id, socket) => {
      socket.write(Buffer.concat([ok(id), h2.data(id, 'half', false), h2.goaway(id, 2)]));
      return later(socket, () => socket.end());
    },
  ],
  [
    'the end of the connection alone',
    (id, socket) => {
      socket.write(Buffer.concat([ok(id), h2.data(id, 'half', false)]));
      return later(socket, () => socket.end());
    },
  ],
  [
    'a connection that is gone',
    (id, socket) => {
      socket.write(Buffer.concat([ok(id), h2.data(id, 'half', false)]));
      return later(socket, () => socket.destroy());
    },
  ],
];

test.each(cutsOfHttp2)('an HTTP/2 upstream that ends by %s has not answered whole', async (_name, answer) => {
  await withBed({ alpn: ['h2'], serve: h2.serveFrames(answer) }, async (bed) => {
    const frames = await callHttp2(bed);
    expect(frames.some(({ endsStream }) => endsStream)).toBe(false);
    const last = frames.findLast(({ type }) => type === h2.frameType.reset);
    expect(last?.payload.readUInt32BE(0)).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    expect(bed.records[0]?.attributes['error.type']).toBe('UPSTREAM_CLOSED');
  });
});

test.each(cutsOfHttp2)('the same for an HTTP/1.1 agent: %s', async (_name, answer) => {
  await withBed({ alpn: ['h2'], serve: h2.serveFrames(answer) }, async (bed) => {
    const { text, clean } = await callHttp1(bed, '1.1');
    expect(text.endsWith('0\r\n\r\n')).toBe(false);
    expect(clean).toBe(false);
    expect(bed.records[0]?.attributes['error.type']).toBe('UPSTREAM_CLOSED');
  });
});

type Break = (socket: TLSSocket) => void;
const carrierOf = (socket: TLSSocket): Duplex => (socket as unknown as { _parent: Duplex })._parent;
const notify: Break = (socket) => socket.end();
const bareFin: Break = (socket) => carrierOf(socket).end();
const gone: Break = (socket) => socket.destroy();

test.each<[string, string, Break]>([
  ['a short Content-Length', 'Content-Length: 100\r\n\r\nhalf', notify],
  ['chunks without a last one', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', notify],
  ['chunks and a broken connection', 'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', gone],
  ['a body until the end, without close_notify', '\r\nhalf', bareFin],
])('an HTTP/1.1 upstream with %s has not answered whole', async (_name, rest, breaks) => {
  for (const version of ['1.1', '1.0'] as const) {
    const serve = (socket: TLSSocket): void => {
      socket.on('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${rest}`);
        setTimeout(() => breaks(socket), 30);
      });
    };
    await withBed({ serve }, async (bed) => {
      const { text, clean } = await callHttp1(bed, version);
      expect(text).toContain('half');
      expect(text.endsWith('0\r\n\r\n')).toBe(false);
      expect(clean).toBe(false);
      expect(bed.records[0]?.attributes['error.type']).toBe('UPSTREAM_CLOSED');
    });
  }
});

test.each<[string, number]>([
  ['with its last bytes', 0],
  ['after them', 30],
])('a body until the end with close_notify %s is whole', async (_name, ms) => {
  const serve = (socket: TLSSocket): void => {
    socket.on('data', () => {
      if (ms === 0) socket.end('HTTP/1.1 200 OK\r\n\r\nwhole');
      else socket.write('HTTP/1.1 200 OK\r\n\r\nwhole', () => setTimeout(() => socket.end(), ms));
    });
  };
  await withBed({ serve }, async (bed) => {
    const { text, clean } = await callHttp1(bed, '1.0');
    expect(text).toMatch(/whole$/);
    expect(clean).toBe(true);
    expect(bed.records[0]?.attributes['error.type']).toBeUndefined();
  });
});

test.each([0, 8])(
  'a request that its agent resets with code %i does not reach the upstream as whole',
  async (code) => {
    let ended = 0;
    const serve = (socket: TLSSocket): void => {
      socket.on('data', (chunk: Buffer) => {
        if (chunk.toString('latin1').endsWith('0\r\n\r\n')) ended += 1;
      });
    };
    await withBed({ serve }, async (bed) => {
      const socket = await bed.dial(host, { alpn: ['h2'] });
      socket.resume();
      const start = [
        h2.clientPreface,
        h2.headers(1, h2.request(host, 'POST'), false),
        h2.data(1, 'half', false),
      ];
      socket.write(Buffer.concat(start));
      await until(() => bed.upstreamOpen() === 1, 'the upstream');
      socket.write(h2.reset(1, code));
      await until(() => bed.records.length === 1 && bed.upstreamOpen() === 0, 'a record and the end');
      expect(bed.records[0]?.attributes['error.type']).toBe('AGENT_GONE');
      expect(ended).toBe(0);
    });
  },
);

test("what is no chunk in the middle of a body is the agent's bad request", async () => {
  await withBed({ serve: (socket) => void socket.resume() }, async (bed) => {
    const socket = await bed.dial(host);
    socket.resume();
    socket.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`);
    await until(() => bed.upstreamOpen() === 1, 'the upstream');
    socket.write('zz\r\n');
    await until(() => bed.records.length === 1 && bed.upstreamOpen() === 0, 'a record and the end');
    expect(bed.records[0]?.attributes['error.type']).toBe('BAD_REQUEST');
  });
});

test('gRPC: te: trailers reaches the upstream, and an answer of trailers only stays one frame', async () => {
  const seen: string[] = [];
  const serve = (socket: Duplex): void => {
    socket.write(h2.settings);
    h2.readFrames(socket, true, ({ type, stream, payload }) => {
      if (type !== h2.frameType.headers) return;
      seen.push(payload.toString('latin1'));
      socket.write(
        h2.headers(
          stream,
          [
            [':status', '200'],
            ['grpc-status', '5'],
          ],
          true,
        ),
      );
    });
  };
  await withBed({ alpn: ['h2'], serve }, async (bed) => {
    const socket = await bed.dial(host, { alpn: ['h2'] });
    const frames = h2.readFrames(socket, false);
    const call = h2.request(host, 'GET', [['te', 'trailers']]);
    socket.write(Buffer.concat([h2.clientPreface, h2.headers(1, call, true)]));
    await until(() => frames.some(({ endsStream }) => endsStream), 'the answer');
    const answer = frames.filter(({ stream }) => stream === 1);
    // No 100 before it either: nobody asked.
    expect(answer.map(({ type }) => type)).toEqual([h2.frameType.headers]);
    expect(seen).toHaveLength(1);
  });
});
