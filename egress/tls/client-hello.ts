/**
 * What a TLS ClientHello asks for, read from the first bytes of a connection. Own and bounded, because the decision
 * must fall before any TLS library answers: fragments over records and segments are put together up to a limit, and
 * whatever is odd is refused (S17). It never reads past the ClientHello.
 */
export interface ClientHello {
  /** Server name as sent, unvalidated; undefined: no SNI extension. */
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
}

export type ClientHelloResult =
  | { readonly status: 'incomplete' }
  | { readonly status: 'invalid'; readonly reason: string }
  | { readonly status: 'ok'; readonly hello: ClientHello };

const handshakeRecord = 22;
const clientHelloMessage = 1;
// RFC 8446 5.1: a record's fragment has at most 2^14 bytes. Post-quantum hellos have about 2 KiB.
const maxRecordBytes = 16_384;
export const maxClientHelloBytes = 16 * 1024;
const maxRecords = 32;
const extension = { serverName: 0, alpn: 16 } as const;

class Malformed extends Error {}

/** Reads length-prefixed vectors; every read is bounds-checked. */
class Cursor {
  #offset = 0;
  readonly #bytes: Buffer;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get done(): boolean {
    return this.#offset === this.#bytes.length;
  }
  uint(size: 1 | 2): number {
    return this.bytes(size).readUIntBE(0, size);
  }
  bytes(count: number): Buffer {
    const end = this.#offset + count;
    if (end > this.#bytes.length) throw new Malformed('truncated ClientHello');
    const slice = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return slice;
  }
  vector(lengthSize: 1 | 2): Cursor {
    return new Cursor(this.bytes(this.uint(lengthSize)));
  }
}

/** The handshake bytes inside the records so far, or undefined when a record is not complete. */
function joinRecords(bytes: Buffer): { handshake: Buffer; complete: boolean } {
  const fragments: Buffer[] = [];
  let offset = 0;
  while (offset < bytes.length) {
    if (bytes[offset] !== handshakeRecord) throw new Malformed('not a handshake record');
    if (offset + 5 > bytes.length) break;
    if (bytes[offset + 1] !== 3) throw new Malformed('not a TLS version');
    const length = bytes.readUInt16BE(offset + 3);
    if (length === 0 || length > maxRecordBytes) throw new Malformed('bad record length');
    if (offset + 5 + length > bytes.length) {
      fragments.push(bytes.subarray(offset + 5));
      break;
    }
    fragments.push(bytes.subarray(offset + 5, offset + 5 + length));
    if (fragments.length > maxRecords) throw new Malformed('too many records');
    offset += 5 + length;
    if (isComplete(fragments)) return { handshake: Buffer.concat(fragments), complete: true };
  }
  return { handshake: Buffer.concat(fragments), complete: isComplete(fragments) };
}

function isComplete(fragments: readonly Buffer[]): boolean {
  const total = fragments.reduce((sum, fragment) => sum + fragment.length, 0);
  if (total < 4) return false;
  const head = Buffer.concat(fragments).subarray(0, 4);
  return total >= 4 + head.readUIntBE(1, 3);
}

function readServerName(cursor: Cursor): string {
  const list = cursor.vector(2);
  const type = list.uint(1);
  const name = list.vector(2);
  if (type !== 0 || !list.done || !cursor.done) throw new Malformed('odd server_name extension');
  const text: number[] = [];
  while (!name.done) text.push(name.uint(1));
  return String.fromCharCode(...text);
}

function readAlpn(cursor: Cursor): string[] {
  const list = cursor.vector(2);
  const names: string[] = [];
  while (!list.done) {
    const name = list.vector(1);
    let text = '';
    while (!name.done) text += String.fromCharCode(name.uint(1));
    names.push(text);
  }
  return names;
}

function readHello(body: Buffer): ClientHello {
  const cursor = new Cursor(body);
  cursor.bytes(2 + 32);
  cursor.vector(1);
  cursor.vector(2);
  cursor.vector(1);
  if (cursor.done) return { serverName: undefined, alpn: [] };
  const extensions = cursor.vector(2);
  let serverName: string | undefined;
  let alpn: string[] = [];
  const seen = new Set<number>();
  while (!extensions.done) {
    const type = extensions.uint(2);
    const data = extensions.vector(2);
    if (seen.has(type)) throw new Malformed('repeated extension');
    seen.add(type);
    if (type === extension.serverName) serverName = readServerName(data);
    else if (type === extension.alpn) alpn = readAlpn(data);
  }
  return { serverName, alpn };
}

/** Parses the ClientHello at the front of `bytes`; `incomplete` asks for more, up to `maxClientHelloBytes`. */
export function parseClientHello(bytes: Buffer): ClientHelloResult {
  try {
    const { handshake, complete } = joinRecords(bytes);
    if (handshake.length > 0 && handshake[0] !== clientHelloMessage) throw new Malformed('not a ClientHello');
    const length = handshake.length >= 4 ? handshake.readUIntBE(1, 3) : 0;
    if (length > maxClientHelloBytes) throw new Malformed('ClientHello too long');
    if (!complete) {
      if (bytes.length > maxClientHelloBytes + 5 * maxRecords) throw new Malformed('ClientHello too long');
      return { status: 'incomplete' };
    }
    return { status: 'ok', hello: readHello(handshake.subarray(4, 4 + length)) };
  } catch (thrown) {
    if (thrown instanceof Malformed) return { status: 'invalid', reason: thrown.message };
    throw thrown;
  }
}
