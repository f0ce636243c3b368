/**
 * The worker's images: resolve, fetch once, extract once, keep what is used, evict the rest. Apart from unpacking and
 * from the directory's layout; here are only the decisions between concurrent callers. One process owns a directory.
 */
import { ClrkError, type Digest } from '../contract/index.ts';
import { ImageDirectory } from './image-directory.ts';
import { imageError } from './image-error.ts';
import { planEviction } from './image-eviction.ts';
import type { ImageLease, ImageStore, ImageStoreOptions, PulledImage, PullOptions } from './image.ts';
import type { ImageSource, ManifestDocument } from './image-source.ts';
import { unpackImage } from './image-unpack.ts';
import { defaultExtractionLimits } from './layer-extractor.ts';
import { hostArchitecture, isIndex, parseManifest, selectPlatform } from './manifest.ts';
import { openSource, wanted } from './open-source.ts';
import { parseReference, renderReference, type ImageReference } from './reference.ts';
import { SharedWork } from './shared-work.ts';

const defaultQuotaBytes = 20 * 1024 ** 3;
/** Remembered names; beyond it the oldest are forgotten and only cost a look-up. */
const maxTags = 1000;

interface Held {
  readonly image: PulledImage;
  lastUsedMs: number;
  leases: number;
}

class DiskImageStore implements ImageStore {
  readonly #directory: ImageDirectory;
  readonly #options: Required<ImageStoreOptions>;
  readonly #images = new Map<string, Held>();
  readonly #tags: Map<string, string>;
  readonly #pulls = new SharedWork<PulledImage>();
  readonly #extractions = new SharedWork<PulledImage>();
  readonly #closed = new AbortController();

  constructor(
    directory: ImageDirectory,
    options: Required<ImageStoreOptions>,
    found: Awaited<ReturnType<ImageDirectory['open']>>,
    tags: ReadonlyMap<string, string>,
  ) {
    this.#directory = directory;
    this.#options = options;
    this.#tags = new Map(tags);
    for (const { image, lastUsedMs } of found)
      this.#images.set(image.digest, { image, lastUsedMs, leases: 0 });
  }

  async pull(text: string, options: PullOptions = {}): Promise<PulledImage> {
    const reference = parseReference(text);
    const key = renderReference(reference);
    this.#closed.signal.throwIfAborted();
    return this.#pulls.join(key, options.signal, (signal) =>
      this.#pull(reference, key, options, AbortSignal.any([signal, this.#closed.signal])),
    );
  }

  acquire(digest: string): ImageLease {
    const held = this.#images.get(digest);
    if (held === undefined) throw imageError('IMAGE_NOT_PULLED', `${digest} is not on disk`);
    held.leases++;
    this.#use(held);
    let released = false;
    const release = (): void => {
      if (released) return;
      released = true;
      held.leases--;
      this.#use(held);
    };
    return { image: held.image, release, [Symbol.dispose]: release };
  }

  lookup(digest: string): PulledImage | undefined {
    return this.#images.get(digest)?.image;
  }

  usage(): { readonly bytes: number; readonly images: number } {
    const bytes = [...this.#images.values()].reduce((sum, { image }) => sum + image.sizeBytes, 0);
    return { bytes, images: this.#images.size };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(imageError('IMAGE_PULL_ABORTED', 'the image store is closing'));
    await Promise.all([this.#pulls.settled(), this.#extractions.settled()]);
  }

  #use(held: Held): void {
    held.lastUsedMs = this.#options.now();
    void this.#directory.touch(held.image.digest, held.lastUsedMs);
  }

  async #pull(
    reference: ImageReference,
    key: string,
    options: PullOptions,
    signal: AbortSignal,
  ): Promise<PulledImage> {
    const source = openSource(reference, options);
    try {
      const document = await this.#resolve(source, reference, signal);
      const image = await this.#ensure(source, document, signal);
      await this.#remember(key, image.digest);
      return image;
    } catch (thrown) {
      const known = this.#images.get(this.#tags.get(key) ?? '');
      if (known === undefined || !isUnreachable(thrown)) throw thrown;
      this.#use(known);
      return known.image;
    }
  }

  /** The manifest for this architecture; one level of index, as the specification's readers do. */
  async #resolve(
    source: ImageSource,
    reference: ImageReference,
    signal: AbortSignal,
  ): Promise<ManifestDocument> {
    const document = await source.manifest(wanted(reference), signal);
    const parsed = parseManifest(document.bytes);
    if (!isIndex(parsed)) return document;
    return source.manifest(selectPlatform(parsed, this.#options.architecture).digest, signal);
  }

  async #ensure(source: ImageSource, document: ManifestDocument, signal: AbortSignal): Promise<PulledImage> {
    const held = this.#images.get(document.digest);
    if (held !== undefined) {
      this.#use(held);
      return held.image;
    }
    return this.#extractions.join(document.digest, signal, (shared) =>
      this.#extract(source, document, AbortSignal.any([shared, this.#closed.signal])),
    );
  }

  async #extract(source: ImageSource, document: ManifestDocument, signal: AbortSignal): Promise<PulledImage> {
    const manifest = parseManifest(document.bytes);
    if (isIndex(manifest)) throw imageError('IMAGE_INVALID', 'an image index points to another image index');
    const { architecture } = this.#options;
    const workspace = await this.#directory.workspace();
    try {
      const limits = defaultExtractionLimits;
      const unpacked = await unpackImage(source, manifest, workspace, { architecture, limits, signal });
      const image = await this.#directory.adopt(workspace, { digest: document.digest, ...unpacked });
      this.#images.set(image.digest, { image, lastUsedMs: this.#options.now(), leases: 0 });
      await this.#evict(image.digest);
      return image;
    } catch (thrown) {
      await this.#directory.discard(workspace);
      throw thrown;
    }
  }

  /** Never the image just pulled: its caller has had no chance to acquire it. */
  async #evict(fresh: Digest): Promise<void> {
    const candidates = [...this.#images.values()].map(({ image, lastUsedMs, leases }) => ({
      digest: image.digest,
      sizeBytes: image.sizeBytes,
      lastUsedMs,
      inUse: leases > 0 || image.digest === fresh,
    }));
    for (const digest of planEviction(candidates, this.#options.quotaBytes)) {
      // Leases are taken without waiting, so what was free when planned may be held by now.
      if (this.#images.get(digest)?.leases !== 0) continue;
      this.#images.delete(digest);
      await this.#directory.remove(digest);
    }
  }

  async #remember(key: string, digest: Digest): Promise<void> {
    if (this.#tags.get(key) === digest) return;
    this.#tags.delete(key);
    this.#tags.set(key, digest);
    const [oldest] = this.#tags.keys();
    if (this.#tags.size > maxTags && oldest !== undefined) this.#tags.delete(oldest);
    await this.#directory.writeTags(this.#tags);
  }
}

function isUnreachable(thrown: unknown): boolean {
  const codes = ['REGISTRY_UNREACHABLE', 'REGISTRY_RATE_LIMITED'];
  return thrown instanceof ClrkError && codes.includes(thrown.code);
}

/** Clears what a crash left in the directory and takes over what is whole. */
export async function openImageStore(options: ImageStoreOptions): Promise<ImageStore> {
  const directory = new ImageDirectory(options.directory);
  const full = {
    quotaBytes: defaultQuotaBytes,
    architecture: hostArchitecture(),
    now: Date.now,
    ...options,
  };
  return new DiskImageStore(directory, full, await directory.open(), await directory.readTags());
}
