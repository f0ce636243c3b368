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

/** Puts the records of one ClientHello together as they come; every byte is looked at once, however they are cut. */
export class ClientHelloReader {
  /** Of the record under way. */
  #header: number[] = [];
  #remaining = 0;
  #handshake = Buffer.alloc(0);
  #filled = 0;

  /** What the bytes so far are; after anything but `incomplete` it is not to be called again. */
  push(bytes: Buffer): ClientHelloResult {
    try {
      return this.#read(bytes);
    } catch (thrown) {
      if (thrown instanceof Malformed) return { status: 'invalid', reason: thrown.message };
      throw thrown;
    }
  }

  #read(bytes: Buffer): ClientHelloResult {
    let offset = 0;
    while (offset < bytes.length) {
      if (this.#remaining === 0) {
        this.#readHeader(bytes[offset] ?? 0);
        offset += 1;
        continue;
      }
      const step = Math.min(this.#remaining, bytes.length - offset);
      this.#append(bytes.subarray(offset, offset + step));
      this.#remaining -= step;
      offset += step;
      const length = this.#length;
      if (length !== undefined && this.#filled >= length) {
        return { status: 'ok', hello: readHello(this.#handshake.subarray(4, length)) };
      }
    }
    return { status: 'incomplete' };
  }

  #readHeader(byte: number): void {
    const at = this.#header.push(byte);
    if (at === 1 && byte !== handshakeRecord) throw new Malformed('not a handshake record');
    if (at === 2 && byte !== 3) throw new Malformed('not a TLS version');
    if (at < 5) return;
    const [, , , high = 0, low = 0] = this.#header;
    this.#header = [];
    this.#remaining = high * 256 + low;
    if (this.#remaining === 0 || this.#remaining > maxRecordBytes) throw new Malformed('bad record length');
  }

  #append(fragment: Buffer): void {
    const needed = this.#filled + fragment.length;
    if (needed > this.#handshake.length) {
      const grown = Buffer.alloc(Math.max(2 * needed, 1024));
      this.#handshake.copy(grown, 0, 0, this.#filled);
      this.#handshake = grown;
    }
    fragment.copy(this.#handshake, this.#filled);
    this.#filled = needed;
    if (this.#handshake[0] !== clientHelloMessage) throw new Malformed('not a ClientHello');
    if ((this.#length ?? 0) > maxClientHelloBytes + 4) throw new Malformed('ClientHello too long');
  }

  /** Of the whole handshake message, its head included. */
  get #length(): number | undefined {
    return this.#filled < 4 ? undefined : 4 + this.#handshake.readUIntBE(1, 3);
  }
}

/** Parses the ClientHello at the front of `bytes`; `incomplete` asks for more, up to `maxClientHelloBytes`. */
export function parseClientHello(bytes: Buffer): ClientHelloResult {
  return new ClientHelloReader().push(bytes);
}
