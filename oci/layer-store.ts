/**
 * The layers on this worker: each fetched and unpacked once, kept while an image or a pull has it, gone with the last. A
 * layer is what its config says it is (the digest of its tar), so images share it wherever it came from; work in progress
 * is shared only by pulls from the same registry, because a slow or broken one is its own images' trouble.
 */
import { ClrkError } from '../contract/index.ts';
import type { ImageDirectory } from './image-directory.ts';
import { emptyUsage, extractLayer, type ExtractionLimits } from './layer-extractor.ts';
import { LayerFolderWriter, type LayerRecord } from './layer-folder.ts';
import { imageError } from './image-error.ts';
import { SharedWork } from './shared-work.ts';

export interface StoredLayer {
  readonly directory: string;
  readonly record: LayerRecord;
}

/** Where an image comes from, as keys of work that may be shared. */
export interface Origin {
  /** The registry with the login: what one of its repositories has, another has too, most of the time. */
  readonly registry: string;
  readonly repository: string;
}

export interface LayerSource {
  readonly diffId: string;
  readonly blobDigest: string;
  readonly origin: Origin;
  /** Puts the verified stored bytes into this directory and gives them back in chunks. */
  fetch(workspace: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export interface LayerHold extends Disposable {
  readonly layer: StoredLayer;
}

export class LayerStore {
  readonly #directory: ImageDirectory;
  readonly #limits: ExtractionLimits;
  readonly #layers = new Map<string, StoredLayer>();
  readonly #users = new Map<string, number>();
  readonly #work = new SharedWork<StoredLayer>();

  constructor(directory: ImageDirectory, limits: ExtractionLimits, found: readonly StoredLayer[]) {
    this.#directory = directory;
    this.#limits = limits;
    for (const layer of found) this.#layers.set(layer.record.diffId, layer);
  }

  /** On the disk now, or fetched; held until disposed of. */
  async take(source: LayerSource, signal: AbortSignal): Promise<LayerHold> {
    const { diffId } = source;
    this.#use(diffId);
    try {
      const layer = this.#layers.get(diffId) ?? (await this.#join(source, signal));
      return { layer, [Symbol.dispose]: once(() => this.release(diffId)) };
    } catch (thrown) {
      this.release(diffId);
      throw thrown;
    }
  }

  #join(source: LayerSource, signal: AbortSignal): Promise<StoredLayer> {
    const { diffId, blobDigest, origin } = source;
    const [key, ownKey] = [origin.registry, origin.repository].map(
      (each) => `${diffId} ${blobDigest} ${each}`,
    );
    return this.#work.joinOrRedo(key ?? '', ownKey ?? '', signal, (shared) => this.#make(source, shared));
  }

  /** One more image of the disk has it; undefined: it is not here. */
  adopt(diffId: string): StoredLayer | undefined {
    const layer = this.#layers.get(diffId);
    if (layer !== undefined) this.#use(diffId);
    return layer;
  }

  #use(diffId: string): void {
    this.#users.set(diffId, (this.#users.get(diffId) ?? 0) + 1);
  }

  release(diffId: string): void {
    const users = (this.#users.get(diffId) ?? 0) - 1;
    if (users > 0) {
      this.#users.set(diffId, users);
      return;
    }
    this.#users.delete(diffId);
    this.#drop(diffId);
  }

  #drop(diffId: string): void {
    const layer = this.#layers.get(diffId);
    if (layer === undefined) return;
    this.#layers.delete(diffId);
    void this.#directory.remove(layer.directory);
  }

  /** Layers no image took over when the directory was opened. */
  dropUnused(): void {
    for (const diffId of [...this.#layers.keys()]) if (!this.#users.has(diffId)) this.#drop(diffId);
  }

  use(): { readonly bytes: number; readonly inodes: number } {
    let bytes = 0;
    let inodes = 0;
    for (const { record } of this.#layers.values()) {
      bytes += record.bytes;
      inodes += record.inodes;
    }
    return { bytes, inodes };
  }

  async settled(): Promise<void> {
    await this.#work.settled();
  }

  async #make(source: LayerSource, signal: AbortSignal): Promise<StoredLayer> {
    const { diffId } = source;
    const workspace = await this.#directory.workspace();
    const blobs = await this.#directory.workspace();
    try {
      const writer = new LayerFolderWriter(workspace);
      const usage = emptyUsage();
      let record: LayerRecord;
      try {
        const chunks = await source.fetch(blobs, signal);
        await extractLayer({ chunks, diffId }, writer, usage, { limits: this.#limits, signal });
        record = writer.finish({ diffId, tarBytes: usage.bytes, entries: usage.entries });
      } finally {
        writer.close();
      }
      const known = this.#layers.get(diffId);
      if (known !== undefined) {
        await this.#directory.discard(workspace);
        return known;
      }
      const layer = { directory: this.#directory.adoptLayer(workspace, diffId), record };
      this.#layers.set(diffId, layer);
      // Everybody who waited has left.
      if (!this.#users.has(diffId)) this.#drop(diffId);
      return layer;
    } catch (thrown) {
      await this.#directory.discard(workspace);
      throw diskFull(thrown);
    } finally {
      await this.#directory.discard(blobs);
    }
  }
}

/** The disk is full wherever it is noticed. */
export function diskFull(thrown: unknown): unknown {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code ?? '';
  if (thrown instanceof ClrkError || !['ENOSPC', 'EDQUOT'].includes(code)) return thrown;
  return imageError('IMAGE_DISK_FULL', 'the disk is full while an image is pulled', thrown);
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
