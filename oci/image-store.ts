/**
 * The worker's images: resolve, fetch once, unpack once, keep what is used, evict the rest. Apart from assembling and
 * from the directory's layout; here are only the decisions between concurrent callers. One process owns a directory.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ClrkError, type Digest } from '../contract/index.ts';
import { FairSlots } from './fair-slots.ts';
import { HeldImages, type HeldImage } from './held-images.ts';
import { hostArchitecture, hostPlatform, type HostPlatform } from './host-platform.ts';
import { assembleImage } from './image-assembly.ts';
import { ImageDirectory } from './image-directory.ts';
import { imageError } from './image-error.ts';
import type { ImageSource } from './image-source.ts';
import type {
  ImageLease,
  ImageStore,
  ImageStoreOptions,
  PulledImage,
  PullOptions,
  ResolvedImage,
} from './image.ts';
import { KnownDigests } from './known-digests.ts';
import { defaultExtractionLimits } from './layer-extractor.ts';
import { LayerStore, type Origin } from './layer-store.ts';
import { openSource, wanted } from './open-source.ts';
import { parseReference, renderReference, repositoryOf, type ImageReference } from './reference.ts';
import { resolveManifest, type ResolvedManifest } from './resolve-manifest.ts';
import { SharedWork } from './shared-work.ts';

const defaultQuotaBytes = 20 * 1024 ** 3;
const defaultQuotaInodes = 4_000_000;
const defaultMaxPulls = 4;
/** Waiting for each tenant: more revisions than a namespace has. */
const maxWaiting = 10_000;

/** Everything that a pull in progress is shared by. Passwords are hashed: keys are kept in memory. */
function pullKey(reference: string, options: PullOptions): string {
  const { signal: _signal, ...rest } = options;
  return `${reference} ${createHash('sha256').update(JSON.stringify(rest)).digest('hex')}`;
}

class DiskImageStore implements ImageStore {
  readonly #directory: ImageDirectory;
  readonly #host: HostPlatform;
  readonly #images: HeldImages;
  readonly #layers: LayerStore;
  readonly #known: KnownDigests;
  readonly #slots: FairSlots;
  readonly #pulls = new SharedWork<ResolvedImage>();
  readonly #assemblies = new SharedWork<HeldImage>();
  readonly #closed = new AbortController();

  constructor(
    directory: ImageDirectory,
    options: Required<ImageStoreOptions>,
    found: Awaited<ReturnType<ImageDirectory['open']>>,
    known: KnownDigests,
  ) {
    this.#directory = directory;
    this.#host = hostPlatform(options.architecture);
    this.#known = known;
    this.#slots = new FairSlots({ slots: options.maxPulls, maxWaiting });
    this.#layers = new LayerStore(directory, defaultExtractionLimits, found.layers);
    this.#images = new HeldImages(directory, this.#layers, options);
    this.#images.takeOver(found.images);
  }

  async pull(text: string, options: PullOptions = {}): Promise<ResolvedImage> {
    const reference = parseReference(text);
    this.#closed.signal.throwIfAborted();
    const { tenant = '' } = options;
    const found = this.#onDisk(reference, options);
    if (found !== undefined) return found;
    return this.#pulls.join(pullKey(renderReference(reference), options), options.signal, async (shared) => {
      const signal = AbortSignal.any([shared, this.#closed.signal]);
      using slot = await this.#slots.take(tenant, signal);
      if (slot === undefined)
        throw imageError('IMAGE_PULL_BUSY', `more than ${maxWaiting} pulls of this namespace wait`);
      return await this.#pull(reference, options, signal);
    });
  }

  acquire(digest: string): ImageLease {
    return this.#images.acquire(digest);
  }

  lookup(digest: string): PulledImage | undefined {
    return this.#images.get(digest)?.image;
  }

  usage(): { readonly bytes: number; readonly inodes: number; readonly images: number } {
    return this.#images.usage();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(imageError('IMAGE_PULL_ABORTED', 'the image store is closing'));
    await Promise.all([this.#pulls.settled(), this.#assemblies.settled(), this.#layers.settled()]);
    await Promise.all([this.#known.written(), this.#directory.removed()]);
  }

  #given(held: HeldImage, sourceDigest: Digest): ResolvedImage {
    this.#images.holdForTurn(held);
    this.#images.use(held);
    return { ...held.image, sourceDigest };
  }

  /** The digest that is asked for whatever the tag says now. */
  #fixed(reference: ImageReference, options: PullOptions): Digest | undefined {
    if (options.pin === undefined) return reference.digest;
    return reference.digest ?? this.#known.pin(options.pin, renderReference(reference));
  }

  /** Content is what its digest says wherever it came from: no registry need be asked again. */
  #onDisk(reference: ImageReference, options: PullOptions): ResolvedImage | undefined {
    const fixed = this.#fixed(reference, options);
    if (fixed === undefined) return undefined;
    const held = this.#images.get(this.#known.manifestOf(fixed, this.#host) ?? fixed);
    return held === undefined ? undefined : this.#given(held, fixed);
  }

  async #pull(reference: ImageReference, options: PullOptions, signal: AbortSignal): Promise<ResolvedImage> {
    // It may have come while this waited for a slot.
    const found = this.#onDisk(reference, options);
    if (found !== undefined) return found;
    const name = renderReference(reference);
    try {
      return await this.#pullWithAny(reference, options, signal);
    } catch (thrown) {
      const known = this.#fixed(reference, options) === undefined ? this.#known.tag(name) : undefined;
      const held =
        known === undefined
          ? undefined
          : this.#images.get(this.#known.manifestOf(known, this.#host) ?? known);
      if (known === undefined || held === undefined || !isUnreachable(thrown)) throw thrown;
      return this.#given(held, known);
    }
  }

  async #pullWithAny(
    reference: ImageReference,
    options: PullOptions,
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    const { credentials, otherCredentials = [], ...rest } = options;
    const attempts = [credentials, ...otherCredentials];
    for (const [index, each] of attempts.entries()) {
      const given = each === undefined ? rest : { ...rest, credentials: each };
      try {
        return await this.#pullFrom(openSource(reference, given), reference, given, signal);
      } catch (thrown) {
        const isRefused = thrown instanceof ClrkError && thrown.code === 'IMAGE_UNAUTHORIZED';
        if (!isRefused || index === attempts.length - 1) throw thrown;
      }
    }
    throw imageError('IMAGE_UNAUTHORIZED', 'there are no credentials to try');
  }

  async #pullFrom(
    source: ImageSource,
    reference: ImageReference,
    options: PullOptions,
    signal: AbortSignal,
  ): Promise<ResolvedImage> {
    const fixed = this.#fixed(reference, options);
    const document = await source.manifest(fixed ?? wanted(reference), signal);
    const manifest = await resolveManifest(source, document, this.#host, signal);
    const login = { ...options, pin: '', tenant: '' };
    const place = reference.kind === 'layout' ? reference.path : reference.host;
    const origin = { registry: pullKey(place, login), repository: pullKey(repositoryOf(reference), login) };
    const held = await this.#ensure(source, manifest, origin, signal);
    this.#known.learn({
      name: renderReference(reference),
      pin: options.pin,
      document: document.digest,
      manifest: manifest.digest,
      host: this.#host,
    });
    return this.#given(held, document.digest);
  }

  async #ensure(
    source: ImageSource,
    manifest: ResolvedManifest,
    origin: Origin,
    signal: AbortSignal,
  ): Promise<HeldImage> {
    const held = this.#images.get(manifest.digest);
    if (held !== undefined) return held;
    const [key, ownKey] = [origin.registry, origin.repository].map((each) => `${manifest.digest} ${each}`);
    return this.#assemblies.joinOrRedo(key ?? '', ownKey ?? '', signal, async (shared) => {
      const both = AbortSignal.any([shared, this.#closed.signal]);
      const { image, release } = await this.#assemble(source, manifest, origin, both);
      this.#images.holdForTurn(image);
      release();
      return image;
    });
  }

  /** Held until released: whoever waits for it has had no chance to acquire it. */
  async #assemble(
    source: ImageSource,
    { digest, manifest }: ResolvedManifest,
    origin: Origin,
    signal: AbortSignal,
  ): Promise<{ readonly image: HeldImage; readonly release: () => void }> {
    const limits = defaultExtractionLimits;
    const options = { host: this.#host, limits, signal, origin, source, layers: this.#layers };
    const room = <T>(work: () => Promise<T>): Promise<T> => this.#images.withRoom(work);
    const workspace = await room(() => this.#directory.workspace());
    try {
      const { image, holds } = await room(() => assembleImage(manifest, workspace, options));
      let held: HeldImage | undefined;
      try {
        await room(() => this.#directory.seal(workspace, { digest, ...image }));
        held =
          this.#images.get(digest) ??
          this.#images.add({ digest, ...image, rootfsPath: this.#directory.place(workspace, digest) });
      } finally {
        // One that another pull made in the meantime has its own.
        if (held?.layers !== image.layers) giveBack(holds);
      }
      const release = this.#images.hold(held);
      await this.#images.evictOverQuota();
      return { image: held, release };
    } finally {
      await this.#directory.discard(workspace);
    }
  }
}

function giveBack(holds: Iterable<Disposable>): void {
  for (const hold of holds) hold[Symbol.dispose]();
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
    quotaInodes: defaultQuotaInodes,
    maxPulls: defaultMaxPulls,
    architecture: hostArchitecture(),
    now: Date.now,
    mountinfo: () => readFile('/proc/self/mountinfo', 'utf8').catch(() => ''),
    ...options,
  };
  const found = await directory.open();
  const store = new DiskImageStore(directory, full, found, await KnownDigests.open(directory));
  await directory.removed();
  return store;
}
