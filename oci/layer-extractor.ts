/**
 * A layer's bytes to a root on disk: gunzip, tar, judge, apply, under a budget for the whole image. Apart from the
 * judging (layer-entry) and the writing (layer-root), which it joins. Nothing of a layer is trusted: not its size,
 * not its count, not its compression ratio.
 */
import { createHash } from 'node:crypto';
import { Readable, Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { ClrkError, errorMessage } from '../contract/index.ts';
import { imageError } from './image-error.ts';
import { judgeEntry, type SkipReason, type TarHeader } from './layer-entry.ts';
import type { LayerRoot } from './layer-root.ts';
import type { LayerCompression } from './manifest.ts';

export interface ExtractionLimits {
  /** Uncompressed bytes of all layers. */
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** The largest public images of ML stacks are around 20 GB; agents are not that. */
export const defaultExtractionLimits: ExtractionLimits = { maxBytes: 8 * 1024 ** 3, maxEntries: 500_000 };

/** What an image has used up; shared by its layers. */
export interface ExtractionUsage {
  bytes: number;
  entries: number;
  /** Bytes of regular files. */
  contentBytes: number;
  readonly skipped: Record<SkipReason, number>;
}

export function emptyUsage(): ExtractionUsage {
  return { bytes: 0, entries: 0, contentBytes: 0, skipped: { path: 0, link: 0, special: 0, whiteout: 0 } };
}

export interface Layer {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly compression: LayerCompression;
  /** Digest of the uncompressed tar, as the config says. */
  readonly diffId: string;
}

interface TarEntry extends AsyncIterable<Uint8Array> {
  readonly header: TarHeader;
  resume(): unknown;
}

function meter(
  limits: ExtractionLimits,
  usage: ExtractionUsage,
  update: (chunk: Uint8Array) => void,
): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      usage.bytes += chunk.byteLength;
      if (usage.bytes > limits.maxBytes) {
        done(imageError('IMAGE_TOO_LARGE', `the image unpacks to more than ${limits.maxBytes} bytes`));
        return;
      }
      update(chunk);
      done(null, chunk);
    },
  });
}

async function applyEntries(
  entries: AsyncIterable<TarEntry>,
  root: LayerRoot,
  limits: ExtractionLimits,
  usage: ExtractionUsage,
): Promise<void> {
  for await (const entry of entries) {
    if (++usage.entries > limits.maxEntries)
      throw imageError('IMAGE_TOO_LARGE', `the image has more than ${limits.maxEntries} entries`);
    const action = judgeEntry(entry.header);
    if (action.kind === 'skip') usage.skipped[action.reason]++;
    usage.contentBytes += await root.apply(action, entry);
    entry.resume();
  }
}

/** Errors of zlib, tar and the file system by our codes. */
function translated(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown.name === 'ClrkError' || thrown.name === 'AbortError')
    return thrown;
  const code = (thrown as NodeJS.ErrnoException).code ?? '';
  if (['ENOSPC', 'EDQUOT'].includes(code))
    return imageError('IMAGE_DISK_FULL', 'the disk is full while extracting an image', thrown);
  if (['EIO', 'EROFS', 'EACCES', 'EPERM', 'EMFILE', 'ENFILE'].includes(code)) return thrown;
  return imageError('IMAGE_INVALID', `a layer cannot be unpacked: ${errorMessage(thrown)}`, thrown);
}

/** Throws IMAGE_INVALID, IMAGE_TOO_LARGE, IMAGE_DIGEST_MISMATCH or IMAGE_DISK_FULL; the root is then to be thrown away. */
export async function extractLayer(
  layer: Layer,
  root: LayerRoot,
  usage: ExtractionUsage,
  options: { readonly limits?: ExtractionLimits; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const limits = options.limits ?? defaultExtractionLimits;
  const hash = createHash('sha256');
  // streamx's types know neither Node's pipeline nor the iteration that its streams have.
  const tar = extract() as unknown as Writable & AsyncIterable<TarEntry>;
  root.beginLayer();
  const source = Readable.from(layer.chunks, { objectMode: false });
  const metered = meter(limits, usage, (chunk) => void hash.update(chunk));
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const feeding =
    layer.compression === 'gzip'
      ? pipeline(source, createGunzip(), metered, tar, signal)
      : pipeline(source, metered, tar, signal);
  const applying = applyEntries(tar, root, limits, usage).catch((thrown: unknown) => {
    tar.destroy(thrown instanceof Error ? thrown : new Error(errorMessage(thrown)));
    throw thrown;
  });
  const outcomes = await Promise.allSettled([applying, feeding]);
  const reasons: readonly unknown[] = outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  // One failure ends both ends of the pipe; the one with a name of ours is the cause.
  if (reasons.length > 0)
    throw translated(reasons.find((reason) => reason instanceof ClrkError) ?? reasons[0]);
  if (`sha256:${hash.digest('hex')}` !== layer.diffId)
    throw imageError('IMAGE_DIGEST_MISMATCH', 'an uncompressed layer is not what the image config says');
}
