/**
 * Node's zlib as a decoder of request bodies: the one file here that does I/O (zlib works on other threads). Its memory is
 * one window each: 32 KiB for gzip and deflate, 16 MiB at most for br, 8 MiB for zstd (RFC 9659).
 */
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Boundary } from '../boundary.ts';
import type { BodyDecoder, DecoderListener, DecoderPort } from './decoder-port.ts';
import type { ContentCoding } from './negotiation.ts';

/** Bytes a decoder hands over at a time. */
const chunkSize = 32 * 1024;

type Create = (options: zlib.ZlibOptions) => Transform;

interface Zstd {
  /** From Node 22.15 on. */
  readonly createZstdDecompress?: Create;
  readonly constants: { readonly ZSTD_d_windowLogMax?: number };
}

const { createZstdDecompress, constants } = zlib as unknown as Zstd;

function zstd(): Transform | undefined {
  const windowLogMax = constants.ZSTD_d_windowLogMax;
  if (createZstdDecompress === undefined || windowLogMax === undefined) return undefined;
  return createZstdDecompress({ chunkSize, ...{ params: { [windowLogMax]: 23 } } });
}

const creators: Readonly<Record<ContentCoding, () => Transform | undefined>> = {
  gzip: () => zlib.createGunzip({ chunkSize }),
  deflate: () => zlib.createInflate({ chunkSize }),
  br: () => zlib.createBrotliDecompress({ chunkSize }),
  zstd,
};

class ZlibDecoder implements BodyDecoder {
  readonly #stream: Transform;

  constructor(stream: Transform, listener: DecoderListener, boundary: Boundary) {
    this.#stream = stream;
    boundary.on(stream, 'data', (bytes: Buffer) => listener.data(bytes));
    boundary.on(stream, 'end', () => listener.end());
    boundary.on(stream, 'error', () => listener.failed());
    boundary.on(stream, 'drain', () => listener.drained());
  }

  write(bytes: Buffer): boolean {
    return this.#stream.write(bytes);
  }

  end(): void {
    this.#stream.end();
  }

  close(): void {
    this.#stream.removeAllListeners('data');
    this.#stream.destroy();
  }
}

const codings: ReadonlySet<ContentCoding> = new Set(
  createZstdDecompress === undefined ? ['gzip', 'deflate', 'br'] : ['gzip', 'deflate', 'br', 'zstd'],
);

/** `boundary`: around the call whose body it is. */
export function createZlibDecoders(boundary: Boundary): DecoderPort {
  return {
    codings,
    open(coding, listener) {
      const stream = creators[coding]();
      // Unreachable: only codings of the set are opened.
      if (stream === undefined) throw new TypeError(`this Node has no ${coding}`);
      return new ZlibDecoder(stream, listener, boundary);
    },
  };
}
