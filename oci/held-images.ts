/**
 * The images on the disk: who holds which, what they take, which goes when room is needed. Apart from pulling, which asks
 * for room and adds to them. An image whose root is mounted is in use, whoever forgot to say so.
 */
import { ClrkError, type Digest } from '../contract/index.ts';
import type { ImageDirectory, StoredImage } from './image-directory.ts';
import { imageError } from './image-error.ts';
import { mountedLowerDirectories, nextEviction } from './image-eviction.ts';
import type { ImageLease, PulledImage } from './image.ts';
import { diskFull, type LayerStore } from './layer-store.ts';

export interface HeldImage {
  readonly image: PulledImage;
  readonly layers: readonly string[];
  readonly own: { readonly bytes: number; readonly inodes: number };
  lastUsedMs: number;
  leases: number;
}

export interface HeldImagesOptions {
  readonly quotaBytes: number;
  readonly quotaInodes: number;
  readonly now: () => number;
  readonly mountinfo: () => Promise<string>;
}

function heldOf(stored: StoredImage): HeldImage {
  const { digest, rootfsPath, config, sizeBytes, layers, own, lastUsedMs } = stored;
  return { image: { digest, rootfsPath, config, sizeBytes }, layers, own, lastUsedMs, leases: 0 };
}

export class HeldImages {
  readonly #directory: ImageDirectory;
  readonly #layers: LayerStore;
  readonly #options: HeldImagesOptions;
  readonly #images = new Map<string, HeldImage>();

  constructor(directory: ImageDirectory, layers: LayerStore, options: HeldImagesOptions) {
    this.#directory = directory;
    this.#layers = layers;
    this.#options = options;
  }

  /** What the directory had when it was opened. */
  takeOver(found: readonly StoredImage[]): void {
    for (const stored of found) {
      // An image whose layers are not all here cannot be counted.
      const adopted = stored.layers.filter((diffId) => this.#layers.adopt(diffId) !== undefined);
      if (adopted.length === stored.layers.length) this.#images.set(stored.digest, heldOf(stored));
      else {
        for (const diffId of adopted) this.#layers.release(diffId);
        void this.#directory.remove(this.#directory.imagePath(stored.digest));
      }
    }
    this.#layers.dropUnused();
  }

  get(digest: string): HeldImage | undefined {
    return this.#images.get(digest);
  }

  /** Its layers are the image's from here on. */
  add(stored: Omit<StoredImage, 'lastUsedMs'>): HeldImage {
    const held = heldOf({ ...stored, lastUsedMs: this.#options.now() });
    this.#images.set(stored.digest, held);
    return held;
  }

  acquire(digest: string): ImageLease {
    const held = this.#images.get(digest);
    if (held === undefined) throw imageError('IMAGE_NOT_PULLED', `${digest} is not on disk`);
    const release = this.hold(held);
    return { image: held.image, release, [Symbol.dispose]: release };
  }

  /** Releasing twice is safe. */
  hold(held: HeldImage): () => void {
    held.leases++;
    this.use(held);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      held.leases--;
      this.use(held);
    };
  }

  /** Nobody evicts it before everybody who waits for it has had a turn. */
  holdForTurn(held: HeldImage): void {
    held.leases++;
    setImmediate(() => held.leases--);
  }

  use(held: HeldImage): void {
    held.lastUsedMs = this.#options.now();
    void this.#directory.touch(held.image.digest, held.lastUsedMs);
  }

  usage(): { readonly bytes: number; readonly inodes: number; readonly images: number } {
    let { bytes, inodes } = this.#layers.use();
    for (const { own } of this.#images.values()) {
      bytes += own.bytes;
      inodes += own.inodes;
    }
    return { bytes, inodes, images: this.#images.size };
  }

  async evictOverQuota(): Promise<void> {
    for (;;) {
      const { bytes, inodes } = this.usage();
      if (bytes <= this.#options.quotaBytes && inodes <= this.#options.quotaInodes) return;
      if (!(await this.#evictOne())) return;
    }
  }

  /** Idle images go first; IMAGE_DISK_FULL only when there is none left. */
  async withRoom<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        const named = diskFull(thrown);
        const isFull = named instanceof ClrkError && named.code === 'IMAGE_DISK_FULL';
        if (!isFull || !(await this.#evictOne())) throw named;
        await this.#directory.removed();
      }
    }
  }

  /** False: every image is leased, or its root is mounted. */
  async #evictOne(): Promise<boolean> {
    const mounted = mountedLowerDirectories(await this.#options.mountinfo());
    const digest: Digest | undefined = nextEviction(
      [...this.#images.values()].map(({ image, lastUsedMs, leases }) => ({
        digest: image.digest,
        lastUsedMs,
        inUse: leases > 0 || mounted.has(image.rootfsPath),
      })),
    );
    const held = digest === undefined ? undefined : this.#images.get(digest);
    if (digest === undefined || held === undefined) return false;
    this.#images.delete(digest);
    for (const diffId of held.layers) this.#layers.release(diffId);
    await this.#directory.remove(this.#directory.imagePath(digest));
    return true;
  }
}
