import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeIdentityFrame,
  maxFrameBytes,
  parseIdentityFrame,
  type FramePeer,
  type FrameReader,
  type IdentityFrame,
} from '../../contract/identity-frame.ts';

const key = Buffer.alloc(32, 7);
const otherKey = Buffer.alloc(32, 8);
/** Says yes to every agent. */
const agents = { has: () => true };
const peerOf = (pool: string): FramePeer | undefined =>
  pool === 'default/main' ? { key, agents } : undefined;

const plain: IdentityFrame = {
  source: { ip: '100.64.0.2', port: 40000 },
  destination: { ip: '198.18.0.9', port: 443 },
  agentKind: 'TaskAgent',
  namespace: 'default',
  name: 'hello',
  uid: '8b8f8a0e-7a3c-4e0f-9c5d-0a1b2c3d4e5f',
  revision: 'hello-00001',
  invocationId: '3f0c2a52-0b7e-4a3c-9a52-5f2e8f0b9c11',
  hostname: 'api.openai.com',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  pool: 'default/main',
  issuedAt: 1_790_000_000_000,
  nonce: '00112233445566778899aabbccddeeff',
  gateway: 'default/gw',
  gatewayAddress: '10.0.0.7:8095',
};
/** As that gateway reads it. */
const parse = (bytes: Buffer, reader: FrameReader = plain) => parseIdentityFrame(bytes, peerOf, reader);

const text = fc.stringMatching(/^[a-z0-9.-]{1,63}$/);
const address = fc.record({ ip: fc.ipV4(), port: fc.integer({ min: 0, max: 65535 }) });
const frames: fc.Arbitrary<IdentityFrame> = fc
  .record({
    source: address,
    destination: address,
    agentKind: fc.constantFrom('TaskAgent' as const, 'DaemonAgent' as const),
    namespace: text,
    name: text,
    uid: fc.uuid(),
    revision: text,
    invocationId: fc.uuid(),
    hostname: fc.option(text, { nil: undefined }),
    traceparent: fc.option(text, { nil: undefined }),
    issuedAt: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    nonce: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  })
  .map(({ hostname, traceparent, ...rest }) => ({
    ...rest,
    pool: plain.pool,
    gateway: plain.gateway,
    gatewayAddress: plain.gatewayAddress,
    ...(hostname === undefined ? {} : { hostname }),
    ...(traceparent === undefined ? {} : { traceparent }),
  }));

describe('identity frame', () => {
  test('what is encoded is what is parsed, and the agent bytes after it are untouched', () => {
    fc.assert(
      fc.property(frames, fc.uint8Array({ maxLength: 50 }), (frame, rest) => {
        const bytes = encodeIdentityFrame(frame, key);
        const result = parse(Buffer.concat([bytes, rest]));
        expect(result).toEqual({ status: 'ok', frame, byteLength: bytes.length });
      }),
    );
  });

  test('S13: any single bit flipped is refused', () => {
    const bytes = encodeIdentityFrame(plain, key);
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const forged = Buffer.from(bytes);
      forged.writeUInt8(forged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      // A longer length may only make the parser wait for bytes that never come.
      expect(parse(forged).status, `bit ${bit}`).not.toBe('ok');
    }
  });

  test('S13: every truncation waits for more or is refused, and never identifies', () => {
    const bytes = encodeIdentityFrame(plain, key);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(parse(bytes.subarray(0, length))).toEqual({ status: 'incomplete' });
    }
  });

  test('S13: a frame of another key, of a pool that may not speak, or without its signature is refused', () => {
    expect(parse(encodeIdentityFrame(plain, otherKey))).toMatchObject({
      reason: 'bad signature',
    });
    const foreign = encodeIdentityFrame({ ...plain, pool: 'evil/main' }, key);
    expect(parse(foreign)).toMatchObject({ reason: 'unknown pool' });
    const whole = encodeIdentityFrame(plain, key);
    const unsigned = Buffer.from(whole.subarray(0, whole.length - 35));
    unsigned.writeUInt16BE(unsigned.length - 16, 14);
    expect(parse(unsigned)).toMatchObject({ status: 'invalid' });
  });

  test('S13: a second TLV of a kind, which could shadow the first, is refused', () => {
    const whole = encodeIdentityFrame(plain, key);
    const twice = Buffer.concat([
      whole.subarray(0, 28),
      Buffer.from([0xe1, 0, 4]),
      Buffer.from('evil'),
      whole.subarray(28),
    ]);
    twice.writeUInt16BE(twice.length - 16, 14);
    expect(parse(twice)).toEqual({ status: 'invalid', reason: 'malformed TLVs' });
  });

  test('S13: bytes after the signature inside the frame are refused', () => {
    const whole = encodeIdentityFrame(plain, key);
    const tail = Buffer.concat([whole, Buffer.from([0xf0, 0, 0])]);
    tail.writeUInt16BE(tail.length - 16, 14);
    expect(parse(tail)).toEqual({ status: 'invalid', reason: 'unsigned' });
  });

  test('S17: anything else is refused at its first wrong byte and in bounded time', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), (bytes) => {
        expect(parse(Buffer.from(bytes)).status).not.toBe('ok');
      }),
    );
    expect(parse(Buffer.from('GET / HTTP/1.1\r\n')).status).toBe('invalid');
    expect(parse(Buffer.from([0x16])).status).toBe('invalid');
  });

  test('S17: a frame that claims to be longer than the bound is refused before it arrives', () => {
    const head = Buffer.from(encodeIdentityFrame(plain, key).subarray(0, 16));
    head.writeUInt16BE(maxFrameBytes, 14);
    expect(parse(head)).toEqual({ status: 'invalid', reason: 'frame too long' });
  });

  test('time and nonce arrive as they were sent: the gateway judges skew and replay by them', () => {
    const nonce = randomBytes(16).toString('hex');
    const result = parse(encodeIdentityFrame({ ...plain, nonce, issuedAt: 1 }, key));
    expect(result).toMatchObject({ frame: { nonce, issuedAt: 1 } });
  });

  test.each([
    ['an IPv6 address', { ...plain, source: { ip: '::1', port: 1 } }],
    ['a short nonce', { ...plain, nonce: 'abcd' }],
    ['more than the bound', { ...plain, name: 'x'.repeat(maxFrameBytes) }],
  ])('%s cannot be encoded', (_, frame) => {
    expect(() => encodeIdentityFrame(frame, key)).toThrow(RangeError);
  });

  test.each<[string, Partial<FrameReader>]>([
    ['another gateway', { gateway: 'default/other' }],
    ['a gateway of that name elsewhere', { gateway: 'team-b/gw' }],
    ['another replica of it', { gatewayAddress: '10.0.0.8:8095' }],
    ['another port', { gatewayAddress: '10.0.0.7:8096' }],
  ])('S57: a frame that was taken at one gateway is refused at %s', (_name, other) => {
    const bytes = encodeIdentityFrame(plain, key);
    expect(parse(bytes).status).toBe('ok');
    expect(parse(bytes, { ...plain, ...other })).toEqual({
      status: 'invalid',
      reason: 'for another gateway',
    });
  });

  test.each<[string, Partial<IdentityFrame>, boolean]>([
    ['its own agent', {}, true],
    ['an agent of another pool', { name: 'other' }, false],
    ['a namesake in another namespace', { namespace: 'team-b' }, false],
    ['a namesake of another kind', { agentKind: 'DaemonAgent' }, false],
  ])('S57: a pool signs for %s: %s', (_name, change, allowed) => {
    const own = new Set(['TaskAgent/default/hello']);
    const bytes = encodeIdentityFrame({ ...plain, ...change }, key);
    const result = parseIdentityFrame(bytes, () => ({ key, agents: own }), plain);
    expect(result).toMatchObject(allowed ? { status: 'ok' } : { reason: 'agent of another pool' });
  });
});
