/**
 * The frame a worker writes before an agent's bytes: PROXY protocol v2 with TLVs that say who is calling, signed
 * with the pool's key, for one gateway and one address of it. Apart because it is the only thing the gateway believes about
 * identity.
 * Parsing must never trust a byte before the signature over the whole frame has been checked.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { agentId, type AgentKind } from './agent-id.ts';

const signature = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
const versionCommand = 0x21; // version 2, PROXY
const tcpOverIpv4 = 0x11;
const headerBytes = 16;
const addressBytes = 12;
/** Type, length, SHA-256. */
const hmacTlvBytes = 3 + 32;
const nonceBytes = 16;
/** A frame is a few hundred bytes; names are bounded by Kubernetes (253) and UUIDs. */
export const maxFrameBytes = 4096;
export const frameSkewMs = 30_000;

// 0xE0–0xE5 as in the original; the rest are ours. 0xEF (HMAC) must be the last TLV.
const tlv = {
  agentKind: 0xe0,
  namespace: 0xe1,
  name: 0xe2,
  uid: 0xe3,
  revision: 0xe4,
  invocationId: 0xe5,
  hostname: 0xe6,
  traceparent: 0xe7,
  pool: 0xe8,
  issuedAt: 0xe9,
  nonce: 0xea,
  gateway: 0xeb,
  gatewayAddress: 0xec,
  hmac: 0xef,
} as const;

export interface IdentityFrame {
  readonly source: { readonly ip: string; readonly port: number };
  /** The address the agent dialled: a synthetic one when `hostname` is set. */
  readonly destination: { readonly ip: string; readonly port: number };
  readonly agentKind: AgentKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
  readonly invocationId: string;
  /** The name the worker handed the destination address out for; absent: an IP literal. */
  readonly hostname?: string;
  /** W3C traceparent of the invocation. */
  readonly traceparent?: string;
  /** Key id: `ns/pool`. */
  readonly pool: string;
  /** Unix milliseconds. */
  readonly issuedAt: number;
  /** 16 random bytes as hex. */
  readonly nonce: string;
  /** `ns/name` of the gateway it is for: another one, which a pool shares its key with too, refuses it. */
  readonly gateway: string;
  /** `ip:port` that was dialled: one replica remembers a nonce, so no other may take the frame. */
  readonly gatewayAddress: string;
}

/** A pool that may speak here, and for whom. */
export interface FramePeer {
  readonly key: Uint8Array;
  /** Agent ids: whoever holds the pool's key signs for its own agents and no others. */
  readonly agents: Pick<ReadonlySet<string>, 'has'>;
}

/** Who reads a frame. */
export type FrameReader = Pick<IdentityFrame, 'gateway' | 'gatewayAddress'>;

type IdentityNames = Pick<
  IdentityFrame,
  'namespace' | 'name' | 'uid' | 'revision' | 'invocationId' | 'pool' | 'gateway' | 'gatewayAddress'
>;

function nonceOf(frame: IdentityFrame): Buffer {
  const nonce = Buffer.from(frame.nonce, 'hex');
  if (nonce.length !== nonceBytes) throw new RangeError('an identity frame nonce is 16 bytes of hex');
  return nonce;
}

function ipv4Bytes(ip: string): Buffer {
  if (!isIPv4(ip)) throw new RangeError('identity frames carry IPv4 addresses only');
  return Buffer.from(ip.split('.').map(Number));
}

function tlvBytes(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(3);
  head.writeUInt8(type, 0);
  head.writeUInt16BE(value.length, 1);
  return Buffer.concat([head, value]);
}

/** The signed frame. `key` is the pool's 32-byte key. */
export function encodeIdentityFrame(frame: IdentityFrame, key: Uint8Array): Buffer {
  const addresses = Buffer.alloc(4);
  addresses.writeUInt16BE(frame.source.port, 0);
  addresses.writeUInt16BE(frame.destination.port, 2);
  const issuedAt = Buffer.alloc(8);
  issuedAt.writeBigUInt64BE(BigInt(frame.issuedAt));
  const fields: Array<readonly [number, Buffer]> = [
    [tlv.agentKind, Buffer.from([frame.agentKind === 'TaskAgent' ? 1 : 0])],
    [tlv.namespace, Buffer.from(frame.namespace)],
    [tlv.name, Buffer.from(frame.name)],
    [tlv.uid, Buffer.from(frame.uid)],
    [tlv.revision, Buffer.from(frame.revision)],
    [tlv.invocationId, Buffer.from(frame.invocationId)],
  ];
  if (frame.hostname !== undefined) fields.push([tlv.hostname, Buffer.from(frame.hostname)]);
  if (frame.traceparent !== undefined) fields.push([tlv.traceparent, Buffer.from(frame.traceparent)]);
  fields.push([tlv.pool, Buffer.from(frame.pool)]);
  fields.push([tlv.issuedAt, issuedAt]);
  fields.push([tlv.nonce, nonceOf(frame)]);
  fields.push([tlv.gateway, Buffer.from(frame.gateway)]);
  fields.push([tlv.gatewayAddress, Buffer.from(frame.gatewayAddress)]);
  const body = Buffer.concat([
    ipv4Bytes(frame.source.ip),
    ipv4Bytes(frame.destination.ip),
    addresses,
    ...fields.map(([type, value]) => tlvBytes(type, value)),
  ]);
  const head = Buffer.alloc(4);
  head.writeUInt8(versionCommand, 0);
  head.writeUInt8(tcpOverIpv4, 1);
  head.writeUInt16BE(body.length + hmacTlvBytes, 2);
  const signed = Buffer.concat([signature, head, body]);
  if (signed.length + hmacTlvBytes > maxFrameBytes) throw new RangeError('identity frame is too long');
  const mac = createHmac('sha256', key).update(signed).digest();
  return Buffer.concat([signed, tlvBytes(tlv.hmac, mac)]);
}

export type FrameResult =
  /** Fewer bytes than a frame: call again with more. */
  | { readonly status: 'incomplete' }
  | { readonly status: 'invalid'; readonly reason: string }
  | { readonly status: 'ok'; readonly frame: IdentityFrame; readonly byteLength: number };

function invalid(reason: string): FrameResult {
  return { status: 'invalid', reason };
}

function readTlvs(bytes: Buffer): Map<number, Buffer> | undefined {
  const found = new Map<number, Buffer>();
  let offset = 0;
  while (offset < bytes.length) {
    if (offset + 3 > bytes.length) return undefined;
    const type = bytes.readUInt8(offset);
    const end = offset + 3 + bytes.readUInt16BE(offset + 1);
    if (end > bytes.length || found.has(type)) return undefined;
    found.set(type, bytes.subarray(offset + 3, end));
    offset = end;
  }
  return found;
}

/** How long the frame is, by its head alone; nothing in it is believed yet. */
function readLength(bytes: Buffer): FrameResult | { readonly status: 'length'; readonly byteLength: number } {
  const seen = Math.min(bytes.length, signature.length);
  if (!bytes.subarray(0, seen).equals(signature.subarray(0, seen))) return invalid('not a PROXY v2 frame');
  if (bytes.length < headerBytes) return { status: 'incomplete' };
  if (bytes.readUInt8(12) !== versionCommand || bytes.readUInt8(13) !== tcpOverIpv4) {
    return invalid('not PROXY over TCP/IPv4');
  }
  const byteLength = headerBytes + bytes.readUInt16BE(14);
  if (byteLength > maxFrameBytes) return invalid('frame too long');
  if (byteLength < headerBytes + addressBytes + hmacTlvBytes) return invalid('frame too short');
  return bytes.length < byteLength ? { status: 'incomplete' } : { status: 'length', byteLength };
}

/**
 * `peerOf` gives what is known of a pool id, or undefined for a pool that may not speak here. Checks the HMAC, that the frame
 * is for `reader` and that its agent is the pool's, not time.
 */
export function parseIdentityFrame(
  bytes: Buffer,
  peerOf: (pool: string) => FramePeer | undefined,
  reader: FrameReader,
): FrameResult {
  const head = readLength(bytes);
  if (head.status !== 'length') return head;
  const frameBytes = bytes.subarray(0, head.byteLength);
  const fields = readTlvs(frameBytes.subarray(headerBytes + addressBytes));
  if (fields === undefined) return invalid('malformed TLVs');
  const mac = fields.get(tlv.hmac);
  const signedLength = head.byteLength - hmacTlvBytes;
  // The HMAC is the last TLV and nothing else: it covers every byte before itself.
  if (mac?.byteOffset !== frameBytes.byteOffset + signedLength + 3) return invalid('unsigned');
  const peer = peerOf(fields.get(tlv.pool)?.toString('utf8') ?? '');
  if (peer === undefined) return invalid('unknown pool');
  const expected = createHmac('sha256', peer.key).update(frameBytes.subarray(0, signedLength)).digest();
  if (mac.length !== expected.length || !timingSafeEqual(expected, mac)) return invalid('bad signature');
  return judgeFrame(readSignedFrame(frameBytes, fields), peer, reader);
}

/** What a signature cannot say: that the frame is for us, and of an agent its signer may speak for. */
function judgeFrame(result: FrameResult, peer: FramePeer, reader: FrameReader): FrameResult {
  if (result.status !== 'ok') return result;
  if (!isFor(result.frame, reader)) return invalid('for another gateway');
  return peer.agents.has(agentOf(result.frame)) ? result : invalid('agent of another pool');
}

function agentOf({ agentKind: kind, namespace, name }: IdentityFrame): string {
  return agentId({ kind, namespace, name });
}

function isFor(frame: IdentityFrame, reader: FrameReader): boolean {
  return frame.gateway === reader.gateway && frame.gatewayAddress === reader.gatewayAddress;
}

const kindOfByte: Readonly<Record<number, AgentKind>> = { 0: 'DaemonAgent', 1: 'TaskAgent' };

/** The text TLVs a frame cannot be without. */
function readNames(fields: ReadonlyMap<number, Buffer>): IdentityNames | undefined {
  const text = (type: number): string | undefined => fields.get(type)?.toString('utf8');
  const names = {
    namespace: text(tlv.namespace),
    name: text(tlv.name),
    uid: text(tlv.uid),
    revision: text(tlv.revision),
    invocationId: text(tlv.invocationId),
    pool: text(tlv.pool),
    gateway: text(tlv.gateway),
    gatewayAddress: text(tlv.gatewayAddress),
  };
  return Object.values(names).includes(undefined) ? undefined : (names as IdentityNames);
}

function optionalText(fields: ReadonlyMap<number, Buffer>): Pick<IdentityFrame, 'hostname' | 'traceparent'> {
  const hostname = fields.get(tlv.hostname)?.toString('utf8');
  const traceparent = fields.get(tlv.traceparent)?.toString('utf8');
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}

function readSignedFrame(bytes: Buffer, fields: ReadonlyMap<number, Buffer>): FrameResult {
  const names = readNames(fields);
  const kind = fields.get(tlv.agentKind);
  const agentKind = kind?.length === 1 ? kindOfByte[kind.readUInt8(0)] : undefined;
  const issuedAt = fields.get(tlv.issuedAt);
  const nonce = fields.get(tlv.nonce);
  if (names === undefined || agentKind === undefined) return invalid('missing TLV');
  if (issuedAt?.length !== 8 || nonce?.length !== nonceBytes) return invalid('missing TLV');
  const address = (offset: number): string => [...bytes.subarray(offset, offset + 4)].join('.');
  return {
    status: 'ok',
    byteLength: bytes.length,
    frame: {
      source: { ip: address(headerBytes), port: bytes.readUInt16BE(headerBytes + 8) },
      destination: { ip: address(headerBytes + 4), port: bytes.readUInt16BE(headerBytes + 10) },
      agentKind,
      ...names,
      ...optionalText(fields),
      issuedAt: Number(issuedAt.readBigUInt64BE(0)),
      nonce: nonce.toString('hex'),
    },
  };
}
