/**
 * A tar archive as the entries it holds, one after the other, each with its bytes. Our own, because what is needed of
 * an image is just what libraries leave out: names that are no UTF-8, PAX owners, sparse files, the end of the archive.
 * Records are bounded; nothing here touches a disk. What is after the end is read (it counts for the digest) and unused.
 */
import { ClrkError } from '../../contract/index.ts';
import { imageError } from '../image-error.ts';
import { ByteFeed } from './byte-feed.ts';
import { shown, type ByteText } from './byte-text.ts';
import { applyPax, parsePaxRecords, type PaxRecord } from './pax-record.ts';
import {
  checkSegments,
  parsePaxSparse,
  parseSparseHead,
  readGnuSparse,
  readMapBlocks,
  type Segment,
} from './sparse-map.ts';
import {
  blockBytes,
  damaged,
  hasContent,
  isZeroBlock,
  parseHeaderBlock,
  parseText,
  typeOf,
  type HeaderBlock,
  type TarHeader,
} from './tar-header.ts';

export interface TarEntry {
  readonly header: TarHeader;
  /** Where the stored bytes belong; undefined: all of the file, from its start. */
  readonly segments: readonly Segment[] | undefined;
  readonly storedBytes: number;
  /** The stored bytes when they are all here already. At most once, instead of `pieces`. */
  whole(): Buffer | undefined;
  pieces(): AsyncIterable<Buffer>;
}

/** Longer records are no name: Go's reader has the same bound. */
const maxRecordBytes = 1024 * 1024;

/** Files up to this are handed out whole: most are small, and waiting costs more than copying. */
const maxPrefetchBytes = 64 * 1024;

/** What L, K and x entries say of the entry after them. */
interface Pending {
  name?: ByteText;
  linkname?: ByteText;
  records?: readonly PaxRecord[];
}

const padded = (size: number): number => Math.ceil(size / blockBytes) * blockBytes;

class Reader {
  readonly #feed: ByteFeed;
  /** Bytes of the current entry that nobody took yet, and the padding after them. */
  #left = 0;
  #padding = 0;

  constructor(feed: ByteFeed) {
    this.#feed = feed;
  }

  async #exactly(count: number, what: string): Promise<Buffer> {
    if (this.#feed.held < count && !(await this.#feed.fill(count))) throw damaged(`it ends within ${what}`);
    return this.#feed.take(count);
  }

  /** The next header; undefined at the end: two blocks of zeros, or no more bytes. */
  async #block(): Promise<Buffer | undefined> {
    if (this.#feed.held < blockBytes && !(await this.#feed.fill(blockBytes))) {
      if (this.#feed.held > 0) throw damaged('it ends within a header');
      return undefined;
    }
    const block = this.#feed.take(blockBytes);
    if (!isZeroBlock(block)) return block;
    const isSecond = await this.#feed.fill(blockBytes);
    if (isSecond && !isZeroBlock(this.#feed.take(blockBytes)))
      throw damaged('a block of zeros stands between its entries');
    return undefined;
  }

  async #record(block: HeaderBlock): Promise<Buffer> {
    if (block.size > maxRecordBytes) throw damaged(`a record has ${block.size} bytes`);
    const bytes = await this.#exactly(padded(block.size), 'a record');
    return Buffer.from(bytes.subarray(0, block.size));
  }

  async next(): Promise<TarEntry | undefined> {
    await this.#skipRest();
    const pending: Pending = {};
    for (;;) {
      const bytes = await this.#block();
      if (bytes === undefined) return undefined;
      const block = parseHeaderBlock(bytes);
      // The records of a `g` are for the whole archive; docker ignores them, and so must we.
      if (block.flag === 'g') await this.#record(block);
      else if (block.flag === 'x') pending.records = parsePaxRecords(await this.#record(block));
      else if (block.flag === 'L') pending.name = parseText(await this.#record(block));
      else if (block.flag === 'K') pending.linkname = parseText(await this.#record(block));
      else return this.#entry(block, pending, bytes);
    }
  }

  async #entry(block: HeaderBlock, pending: Pending, bytes: Buffer): Promise<TarEntry> {
    const { name = block.name, linkname = block.linkname, records = [] } = pending;
    const joined = applyPax({ ...block, name, linkname }, records);
    const stored = hasContent(joined.flag) ? joined.size : 0;
    if (joined.flag === 'M') throw damaged(`${shown(joined.name)} continues on another volume`);
    if (stored > 2 ** 52) throw damaged(`${shown(joined.name)} has an impossible size`);
    const sparse = await this.#sparse(joined, records, bytes, stored).catch((thrown: unknown) => {
      throw thrown instanceof ClrkError ? within(thrown, joined.name) : thrown;
    });
    const file = sparse ?? { size: stored, segments: undefined, storedBytes: stored };
    await this.#begin(file.storedBytes);
    return {
      header: headerOf(joined, sparse?.name ?? joined.name, file.size),
      segments: file.segments,
      storedBytes: file.storedBytes,
      whole: () => this.#whole(),
      pieces: () => this.#pieces(),
    };
  }

  async #begin(storedBytes: number): Promise<void> {
    this.#left = storedBytes;
    this.#padding = padded(storedBytes) - storedBytes;
    if (storedBytes <= maxPrefetchBytes && this.#feed.held < storedBytes) await this.#feed.fill(storedBytes);
  }

  async #sparse(
    block: HeaderBlock,
    records: readonly PaxRecord[],
    bytes: Buffer,
    stored: number,
  ): Promise<
    | { name?: ByteText | undefined; size: number; segments: readonly Segment[]; storedBytes: number }
    | undefined
  > {
    const nextBlock = (): Promise<Buffer> => this.#exactly(blockBytes, 'the map of a sparse file');
    if (block.flag === 'S') {
      const { size, segments } = await readGnuSparse(Buffer.from(bytes), nextBlock);
      return { size, segments: checkSegments(segments, size, stored), storedBytes: stored };
    }
    if (records.length === 0 || typeOf(block.flag, block.name) !== 'file') return undefined;
    const head = parseSparseHead(records);
    if (head !== undefined) {
      const { segments, blocks } = await readMapBlocks(nextBlock);
      const storedBytes = stored - blocks * blockBytes;
      return { ...head, segments: checkSegments(segments, head.size, storedBytes), storedBytes };
    }
    const listed = parsePaxSparse(records);
    if (listed === undefined) return undefined;
    return { ...listed, segments: checkSegments(listed.segments, listed.size, stored), storedBytes: stored };
  }

  #whole(): Buffer | undefined {
    if (this.#feed.held < this.#left) return undefined;
    const bytes = this.#feed.take(this.#left);
    this.#left = 0;
    return bytes;
  }

  async *#pieces(): AsyncGenerator<Buffer, void> {
    while (this.#left > 0) {
      if (this.#feed.held === 0 && !(await this.#feed.fill(1))) throw damaged('it ends within a file');
      const piece = this.#feed.take(this.#left);
      this.#left -= piece.length;
      yield piece;
    }
  }

  async #skipRest(): Promise<void> {
    let count = this.#left + this.#padding;
    this.#left = 0;
    this.#padding = 0;
    while (count > 0) {
      if (this.#feed.held === 0 && !(await this.#feed.fill(1))) throw damaged('it ends within a file');
      count -= this.#feed.take(count).length;
    }
  }
}

function headerOf(block: HeaderBlock, name: ByteText, size: number): TarHeader {
  const { mode, uid, gid, mtimeSeconds, linkname } = block;
  return { name, type: typeOf(block.flag, name), mode, uid, gid, size, mtimeSeconds, linkname };
}

function within(error: ClrkError, name: ByteText): Error {
  return imageError('IMAGE_INVALID', `${error.message} (in ${shown(name)})`, error);
}

/** An entry's bytes are to be taken before the next entry is asked for, or are passed over. */
export async function* readTar(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void> {
  const feed = new ByteFeed(chunks);
  const reader = new Reader(feed);
  try {
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) yield entry;
    await feed.drain();
  } finally {
    await feed.close();
  }
}
