import fc from 'fast-check';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import { beforeAll, expect, test } from 'vitest';
import {
  ClientHelloReader,
  maxClientHelloBytes,
  parseClientHello,
} from '../../../egress/tls/client-hello.ts';

let hello: Buffer;

/** The first flight of a real client. */
async function capture(servername: string): Promise<Buffer> {
  const sink = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => (sink.emit('hello', chunk), done()),
  });
  const flight = once(sink, 'hello') as Promise<[Buffer]>;
  const socket = connect({ socket: sink, servername, ALPNProtocols: ['h2', 'http/1.1'] });
  socket.on('error', () => undefined);
  const [chunk] = await flight;
  socket.destroy();
  return Buffer.from(chunk);
}

beforeAll(async () => {
  hello = await capture('api.openai.com');
});

/** The same handshake bytes over records of `size` bytes each. */
function refragment(record: Buffer, size: number): Buffer {
  const handshake = record.subarray(5);
  const records: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += size) {
    const part = handshake.subarray(at, at + size);
    records.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(records);
}

test('reads name and protocols of a real client', () => {
  const result = parseClientHello(hello);
  expect(result).toMatchObject({
    status: 'ok',
    hello: { serverName: 'api.openai.com', alpn: ['h2', 'http/1.1'] },
  });
});

test('S17: every shorter prefix is incomplete, never invalid and never a decision', () => {
  for (let length = 0; length < hello.length; length += 1) {
    expect(parseClientHello(hello.subarray(0, length)).status).toBe('incomplete');
  }
});

test.each([1, 24, 100, 200])('S17: fragmented over records of %i bytes it says the same', (size) => {
  const result = parseClientHello(refragment(hello, size));
  expect(result).toMatchObject({ status: 'ok', hello: { serverName: 'api.openai.com' } });
});

test('S17: cut anywhere, also inside a record head, it says the same, and looks at each byte once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50 }), (record, step) => {
      const bytes = refragment(hello, record);
      const reader = new ClientHelloReader();
      let result = reader.push(Buffer.alloc(0));
      for (let at = 0; at < bytes.length && result.status === 'incomplete'; at += step) {
        result = reader.push(bytes.subarray(at, at + step));
      }
      expect(result).toMatchObject({ status: 'ok', hello: { serverName: 'api.openai.com' } });
    }),
    { numRuns: 40 },
  );
});

test('S17: an absurd length ends it', () => {
  const long = Buffer.from([22, 3, 1, 0x40, 0, 1, 1, 0, 0]);
  expect(parseClientHello(long).status).toBe('invalid');
  const endless = Buffer.concat([
    Buffer.from([22, 3, 1, 0x40, 0, 1, 0, 0x40, 0]),
    Buffer.alloc(maxClientHelloBytes),
  ]);
  expect(parseClientHello(endless).status).not.toBe('ok');
});

test('S17: property: flipped and random bytes never throw', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(255), (at, value) => {
      const copy = Buffer.from(hello);
      copy[at % copy.length] = value;
      parseClientHello(copy);
    }),
  );
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      (bytes) => void parseClientHello(Buffer.from([22, 3, 1, ...bytes])),
    ),
  );
});
