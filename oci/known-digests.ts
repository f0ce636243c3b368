/**
 * What names led to, kept over restarts: a tag to the document it named last, a pinned name to the one it named first, a
 * document to its manifest for a platform. Apart because it is memory, not truth: forgetting costs a look-up. Bounded.
 */
import { parseDigest, type Digest } from '../contract/index.ts';
import type { HostPlatform } from './host-platform.ts';
import type { ImageDirectory } from './image-directory.ts';

/** Beyond it the longest unused are forgotten. */
const maxKnown = 8000;

export interface Learned {
  readonly name: string;
  readonly pin: string | undefined;
  readonly document: Digest;
  readonly manifest: Digest;
  readonly host: HostPlatform;
}

const pinKey = (pin: string, name: string): string => `pin ${pin} ${name}`;
const tagKey = (name: string): string => `tag ${name}`;
const manifestKey = (document: string, { architecture, variants }: HostPlatform): string =>
  `manifest ${document} ${architecture} ${variants.join(',')}`;

export class KnownDigests {
  readonly #directory: ImageDirectory;
  readonly #known: Map<string, string>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(directory: ImageDirectory, known: ReadonlyMap<string, string>) {
    this.#directory = directory;
    this.#known = new Map(known);
  }

  static async open(directory: ImageDirectory): Promise<KnownDigests> {
    return new KnownDigests(directory, await directory.readTags());
  }

  pin(pin: string, name: string): Digest | undefined {
    return this.#read(pinKey(pin, name));
  }

  tag(name: string): Digest | undefined {
    return this.#read(tagKey(name));
  }

  manifestOf(document: string, host: HostPlatform): Digest | undefined {
    return this.#read(manifestKey(document, host));
  }

  learn({ name, pin, document, manifest, host }: Learned): void {
    const learned = [
      [tagKey(name), document],
      [manifestKey(document, host), manifest],
      // The first one stays.
      ...(pin === undefined ? [] : [[pinKey(pin, name), this.pin(pin, name) ?? document] as const]),
    ] as const;
    const isNews = learned.some(([key, value]) => this.#known.get(key) !== value);
    for (const [key, value] of learned) this.#set(key, value);
    for (const key of this.#known.keys()) {
      if (this.#known.size <= maxKnown) break;
      this.#known.delete(key);
    }
    if (!isNews) return;
    this.#writing = this.#writing
      .then(() => this.#directory.writeTags(this.#known))
      // A full disk: what is not kept is looked up again.
      .catch(() => undefined);
  }

  async written(): Promise<void> {
    await this.#writing;
  }

  #read(key: string): Digest | undefined {
    const value = this.#known.get(key);
    if (value === undefined) return undefined;
    this.#set(key, value);
    return parseDigest(value);
  }

  #set(key: string, value: string): void {
    this.#known.delete(key);
    this.#known.set(key, value);
  }
}
