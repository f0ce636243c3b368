/**
 * A layer's bytes to a sink: decompress, tar, judge, apply, under a budget for the whole image. Apart from the judging
 * (layer-entry) and the writing (layer-root), which it joins. Nothing of a layer is trusted: not its size, not its
 * count, not its compression ratio.
 */
import { createHash } from 'node:crypto';
import { errorMessage } from '../contract/index.ts';
import { imageError } from './image-error.ts';
import { decompressed } from './layer-compression.ts';
import { judgeEntry, type LayerAction, type SkipReason } from './layer-entry.ts';
import type { LayerSink } from './layer-root.ts';
import { shown } from './tar/byte-text.ts';
import { readTar, type TarEntry } from './tar/tar-reader.ts';

export interface ExtractionLimits {
  /** Uncompressed bytes of all layers, and of any one file with its holes. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** The largest public images of ML stacks are around 20 GB; agents are not that. */
export const defaultExtractionLimits: ExtractionLimits = { maxBytes: 8 * 1024 ** 3, maxEntries: 500_000 };
/** Up to this a layer may be as dense as it likes; beyond, so many bytes for each stored one. */
const freeBytes = 1024 ** 3;
const maxRatio = 200;

/** What an image has used up; shared by its layers. */
export interface ExtractionUsage {
  bytes: number;
  entries: number;
  readonly skipped: Record<SkipReason, number>;
}

export function emptyUsage(): ExtractionUsage {
  return { bytes: 0, entries: 0, skipped: { path: 0, special: 0, whiteout: 0 } };
}

export interface Layer {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Digest of the uncompressed tar, as the config says. */
  readonly diffId: string;
}

export interface ExtractionOptions {
  readonly limits?: ExtractionLimits;
  readonly signal?: AbortSignal;
}

class Meter {
  readonly #limits: ExtractionLimits;
  readonly #usage: ExtractionUsage;
  readonly #hash = createHash('sha256');
  #stored = 0;
  #unpacked = 0;

  constructor(limits: ExtractionLimits, usage: ExtractionUsage) {
    this.#limits = limits;
    this.#usage = usage;
  }

  async *stored(chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      this.#stored += chunk.byteLength;
      yield chunk;
    }
  }

  async *unpacked(chunks: AsyncIterable<Uint8Array>, signal?: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const { maxBytes } = this.#limits;
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      this.#usage.bytes += chunk.byteLength;
      this.#unpacked += chunk.byteLength;
      if (this.#usage.bytes > maxBytes)
        throw imageError('IMAGE_TOO_LARGE', `the image unpacks to more than ${maxBytes} bytes`);
      if (this.#unpacked > Math.max(freeBytes, maxRatio * this.#stored))
        throw imageError('IMAGE_TOO_LARGE', `a layer unpacks to more than ${maxRatio} times its size`);
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  digest(): string {
    return `sha256:${this.#hash.digest('hex')}`;
  }
}

/** Errors of zlib and of the file system by our codes, with the entry where it is known. */
function translated(thrown: unknown, entry: TarEntry | undefined): unknown {
  if (!(thrown instanceof Error) || thrown.name === 'ClrkError' || thrown.name === 'AbortError')
    return thrown;
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  if (['ENOSPC', 'EDQUOT'].includes(code))
    return imageError('IMAGE_DISK_FULL', 'the disk is full while extracting an image', thrown);
  if (['EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE'].includes(code)) return thrown;
  const what = entry === undefined ? 'a layer' : `the entry ${shown(entry.header.name)} of a layer`;
  const why = 'syscall' in thrown ? code : errorMessage(thrown);
  return imageError('IMAGE_INVALID', `${what} cannot be unpacked: ${why}`, thrown);
}

function charge(
  action: LayerAction,
  entry: TarEntry,
  usage: ExtractionUsage,
  limits: ExtractionLimits,
): void {
  if (++usage.entries > limits.maxEntries)
    throw imageError('IMAGE_TOO_LARGE', `the image has more than ${limits.maxEntries} entries`);
  // Holes take no room here, but whoever copies the file fills them.
  if (action.kind === 'file' && action.size > limits.maxBytes)
    throw imageError(
      'IMAGE_TOO_LARGE',
      `the entry ${shown(entry.header.name)} of a layer has ${action.size} bytes, more than ${limits.maxBytes}`,
    );
  if (action.kind === 'skip') usage.skipped[action.reason]++;
  if (action.kind === 'special') usage.skipped.special++;
}

/** Throws IMAGE_INVALID, IMAGE_TOO_LARGE, IMAGE_DIGEST_MISMATCH or IMAGE_DISK_FULL; what was made is then to be thrown away. */
export async function extractLayer(
  layer: Layer,
  sink: LayerSink,
  usage: ExtractionUsage,
  options: ExtractionOptions = {},
): Promise<void> {
  const { limits = defaultExtractionLimits, signal } = options;
  const meter = new Meter(limits, usage);
  let current: TarEntry | undefined;
  sink.beginLayer();
  try {
    for await (const entry of readTar(
      meter.unpacked(decompressed(meter.stored(layer.chunks, signal)), signal),
    )) {
      current = entry;
      const action = judgeEntry(entry.header);
      charge(action, entry, usage, limits);
      await sink.apply(action, entry);
      current = undefined;
    }
  } catch (thrown) {
    throw translated(thrown, current);
  }
  if (meter.digest() !== layer.diffId)
    throw imageError('IMAGE_DIGEST_MISMATCH', 'an uncompressed layer is not what the image config says');
}
