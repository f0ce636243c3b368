/**
 * Zstandard (RFC 8878) to plain bytes: frames found by our own walk over them, each then decoded by Node's zlib where it
 * can (from 22.15) and by `fzstd` elsewhere. The walk bounds what a frame may ask for before a decoder believes it: its
 * window, how many frames, and on the decoder in JavaScript, which moves its window at each block, how often.
 */
import type { Duplex } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { decodedBy } from './decoded-stream.ts';
import { imageError } from './image-error.ts';
import { ByteFeed } from './tar/byte-feed.ts';

/** What Node has from 22.15; its types come with a later Node than ours. */
const native = (zlib as { createZstdDecompress?: (options: object) => Duplex }).createZstdDecompress;
const megabyte = 1024 * 1024;
/** The reference decoder's own bound; RFC 8878 asks every decoder for 8 MiB. */
export const maxWindowBytes = native === undefined ? 8 * megabyte : 128 * megabyte;
/** zstd:chunked writes a frame a file. */
const maxFrames = 1_000_000;
const maxBlockBytes = 128 * 1024;
/** Bytes of window that may be moved or made, beside so many for each byte that comes out. */
const freeMovedBytes = 4096 * megabyte;
const movedPerByte = 128;

const frameMagic = 0xfd2fb528;
const checksumBytes = 4;

export function isZstd(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const magic = Buffer.from(head.buffer, head.byteOffset, 4).readUInt32LE();
  return magic === frameMagic || isSkippable(magic);
}

function isSkippable(magic: number): boolean {
  return magic >>> 4 === 0x0184d2a5;
}

function invalid(why: string): Error {
  return imageError('IMAGE_INVALID', `a layer compressed with zstd cannot be unpacked: ${why}`);
}

interface FrameHeader {
  readonly bytes: Buffer;
  readonly windowBytes: number;
  readonly hasChecksum: boolean;
}

class FrameWalk {
  readonly #feed: ByteFeed;
  #frames = 0;
  #moved = 0;
  produced = 0;

  constructor(feed: ByteFeed) {
    this.#feed = feed;
  }

  async #exactly(count: number): Promise<Buffer> {
    if (this.#feed.held < count && !(await this.#feed.fill(count))) throw invalid('it ends within a frame');
    return this.#feed.take(count);
  }

  /** The next frame that holds something; undefined at the end. */
  async next(): Promise<FrameHeader | undefined> {
    for (;;) {
      if (!(await this.#feed.fill(1))) return undefined;
      if (++this.#frames > maxFrames) throw invalid(`it has more than ${maxFrames} frames`);
      const magic = (await this.#exactly(4)).readUInt32LE();
      if (magic === frameMagic) return this.#header();
      if (!isSkippable(magic)) throw invalid('something else follows a frame');
      await this.#skip((await this.#exactly(4)).readUInt32LE());
    }
  }

  async #skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0;) left -= (await this.#exactly(Math.min(left, 64 * 1024))).length;
  }

  async #header(): Promise<FrameHeader> {
    const [descriptor = 0] = await this.#exactly(1);
    const isSingle = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >>> 6;
    const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 2 ** sizeFlag;
    if ((descriptor & 3) !== 0) throw invalid('it needs a dictionary');
    if ((descriptor & 8) !== 0) throw invalid('a reserved bit is set');
    const rest = Buffer.from(await this.#exactly((isSingle ? 0 : 1) + sizeBytes));
    const windowBytes = isSingle ? readSize(rest, sizeBytes) : windowOf(rest[0] ?? 0);
    if (windowBytes > maxWindowBytes)
      throw invalid(
        `a window of ${windowBytes} bytes is over the ${maxWindowBytes} that Node ${process.version} is given (128 MiB from Node 22.15)`,
      );
    this.#move(windowBytes);
    const magic = Buffer.alloc(4);
    magic.writeUInt32LE(frameMagic);
    return {
      bytes: Buffer.concat([magic, Buffer.of(descriptor), rest]),
      windowBytes,
      hasChecksum: (descriptor & 4) !== 0,
    };
  }

  #move(bytes: number): void {
    this.#moved += bytes;
    if (native === undefined && this.#moved > freeMovedBytes + movedPerByte * this.produced)
      throw invalid('it is made of too many small blocks');
  }

  /** The frame as pieces that end where blocks end. */
  async *pieces(frame: FrameHeader): AsyncGenerator<Buffer, void> {
    yield frame.bytes;
    for (let isLast = false; !isLast;) {
      const head = Buffer.from(await this.#exactly(3));
      const bits = head.readUIntLE(0, 3);
      isLast = (bits & 1) === 1;
      const type = (bits >>> 1) & 3;
      const size = bits >>> 3;
      if (type === 3 || size > maxBlockBytes) throw invalid('a block is of no known kind');
      const body = Buffer.from(await this.#exactly(type === 1 ? 1 : size));
      const tail =
        isLast && frame.hasChecksum ? Buffer.from(await this.#exactly(checksumBytes)) : Buffer.alloc(0);
      this.#move(frame.windowBytes);
      yield Buffer.concat([head, body, tail]);
    }
  }
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

/** A size of 2 bytes begins at 256. */
function readSize(bytes: Buffer, count: number): number {
  if (count === 8) return Number(bytes.readBigUInt64LE(bytes.length - 8));
  const value = bytes.readUIntLE(bytes.length - count, count);
  return count === 2 ? value + 256 : value;
}

function decodeNatively(
  pieces: AsyncIterable<Buffer>,
  make: (options: object) => Duplex,
): AsyncGenerator<Buffer, void> {
  const windowLogMax = (zlib.constants as Record<string, number>)['ZSTD_d_windowLogMax'] ?? 100;
  return decodedBy(make({ params: { [windowLogMax]: 27 } }), pieces);
}

async function* decodeInScript(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const out: Buffer[] = [];
  const decoder = new Decompress((chunk) => {
    out.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  });
  let previous: Buffer | undefined;
  const push = (piece: Buffer, isLast: boolean): void => {
    try {
      decoder.push(piece, isLast);
    } catch (thrown) {
      throw imageError('IMAGE_INVALID', 'a layer compressed with zstd is damaged', thrown);
    }
  };
  for await (const piece of pieces) {
    if (previous !== undefined) push(previous, false);
    previous = piece;
    yield* out.splice(0);
  }
  if (previous !== undefined) push(previous, true);
  yield* out.splice(0);
}

export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  const feed = new ByteFeed(chunks);
  const walk = new FrameWalk(feed);
  try {
    for (let frame = await walk.next(); frame !== undefined; frame = await walk.next()) {
      const pieces = walk.pieces(frame);
      for await (const chunk of native === undefined
        ? decodeInScript(pieces)
        : decodeNatively(pieces, native)) {
        walk.produced += chunk.length;
        yield chunk;
      }
    }
  } finally {
    await feed.close();
  }
}
