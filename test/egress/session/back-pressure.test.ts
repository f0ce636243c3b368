/**
 * One direction flows, the other is blocked: what the gateway then holds is bounded. Measured in this process, in which also the
 * agent and the upstream live, with 120 MB pushed against a few.
 */
import { connect as connectHttp2, performServerHandshake } from 'node:http2';
import type { Duplex } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';

const host = 'files.example.com';
const block = Buffer.alloc(64 * 1024, 'x');
const pushed = 120_000_000;
/** For all three processes in one: buffers of sockets and streams, collected late, are below; one direction unbounded is twice as much. */
const bound = 60_000_000;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Memory outside of V8's heap, where bytes on their way are. */
function held(): number {
  const { external, arrayBuffers } = process.memoryUsage();
  return Math.max(external, arrayBuffers);
}

/** Writes blocks for as long as the other side takes them. */
function pour(to: Duplex, wrap: (bytes: Buffer) => Buffer = (bytes) => bytes): void {
  const go = (): void => {
    while (!to.destroyed) {
      if (!to.write(wrap(block))) {
        to.once('drain', go);
        return;
      }
    }
  };
  go();
}

const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from('10000\r\n'), bytes, Buffer.from('\r\n')]);
const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const upload = `POST / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 900000000000\r\n\r\n`;

async function measure(
  options: Parameters<typeof openGatewayBed>[0],
  run: (bed: GatewayBed) => Promise<{ destroy(): void }>,
  done: () => number,
): Promise<void> {
  const bed = await openGatewayBed(options);
  try {
    bed.configure((ip, port) => createConfig(ip, port));
    const before = held();
    let most = 0;
    const agent = await run(bed);
    await until(() => {
      most = Math.max(most, held() - before);
      if (most > bound) {
        // Some of it may be over and only not collected yet.
        collect();
        most = held() - before;
      }
      if (most > bound) throw new Error(`${most} bytes are held`);
      return done() > pushed;
    }, 'all bytes to pass');
    expect(most).toBeLessThan(bound);
    agent.destroy();
  } finally {
    await bed.close();
  }
}

test('S30: the answer flows while the upstream takes nothing of the request', async () => {
  let got = 0;
  const serve = (socket: Duplex): void => {
    socket.once('data', () => {
      socket.pause();
      socket.write(head);
      pour(socket, chunk);
    });
  };
  const run = async (bed: GatewayBed): Promise<Duplex> => {
    const agent = await bed.dial(host);
    agent.on('data', (bytes: Buffer) => (got += bytes.length));
    agent.write(upload);
    pour(agent);
    return agent;
  };
  await measure({ serve }, run, () => got);
}, 60_000);

test('S30: the request flows while the agent takes nothing of the answer', async () => {
  let got = 0;
  const serve = (socket: Duplex): void => {
    socket.on('data', (bytes: Buffer) => (got += bytes.length));
    socket.once('data', () => {
      socket.write(head);
      pour(socket, chunk);
    });
  };
  const run = async (bed: GatewayBed): Promise<Duplex> => {
    const agent = await bed.dial(host);
    agent.pause();
    agent.write(upload);
    pour(agent);
    return agent;
  };
  await measure({ serve }, run, () => got);
}, 60_000);

test.each(['up', 'down'])(
  'S30: the same over HTTP/2 on both sides, blocked %s',
  async (blocked) => {
    let got = 0;
    const count = (bytes: Buffer): void => void (got += bytes.length);
    const serve = (socket: Duplex): void => {
      const session = performServerHandshake(socket);
      session.on('error', () => undefined);
      session.on('stream', (stream) => {
        stream.on('error', () => undefined);
        stream.respond({ ':status': 200 });
        if (blocked === 'up') stream.pause();
        else stream.on('data', count);
        pour(stream);
      });
    };
    const run = async (bed: GatewayBed): Promise<{ destroy(): void }> => {
      const socket = await bed.dial(host, { alpn: ['h2'] });
      const client = connectHttp2(`https://${host}`, { createConnection: () => socket });
      client.on('error', () => undefined);
      const stream = client.request({ ':method': 'POST', ':path': '/', ':authority': host });
      stream.on('error', () => undefined);
      if (blocked === 'down') stream.pause();
      else stream.on('data', count);
      pour(stream);
      return client;
    };
    await measure({ alpn: ['h2'], serve }, run, () => got);
  },
  60_000,
);

test('S30: a raw relay holds no more than its sockets when one direction is blocked', async () => {
  let got = 0;
  const serve = (socket: Duplex): void => {
    socket.on('data', (bytes: Buffer) => (got += bytes.length));
    pour(socket);
  };
  const run = async (bed: GatewayBed): Promise<Duplex> => {
    const agent = await bed.connect();
    agent.pause();
    agent.write(bed.frame({ hostname: host }));
    agent.write('\0raw');
    pour(agent);
    return agent;
  };
  await measure({ plain: true, serve }, run, () => got);
}, 60_000);
