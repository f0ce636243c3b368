/**
 * Pulling from a registry (the OCI distribution API's read half). Apart from pushing because workers only pull.
 */
import { digestOf, parseDigest } from '../contract/index.ts';
import { imageError } from './image-error.ts';
import { collect, type ImageSource, type ManifestDocument } from './image-source.ts';
import { manifestAccept, maxManifestBytes } from './manifest.ts';
import type { RegistrySession } from './registry-session.ts';

/** A body that brings nothing for this long is given up. */
const idleMs = 60_000;

/** Chunks of a body, with a limit on the silence between them. */
async function* unlessIdle(body: ReadableStream<Uint8Array>, host: string): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  try {
    for (;;) {
      let timer: NodeJS.Timeout | undefined;
      const silence = new Promise<never>((_resolve, reject) => {
        const error = imageError('REGISTRY_UNREACHABLE', `${host} stopped sending`);
        timer = setTimeout(() => reject(error), idleMs);
      });
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer));
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Transport errors in the middle of a body, by our code. */
async function* named(chunks: AsyncIterable<Uint8Array>, host: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (thrown) {
    if (thrown instanceof Error && (thrown.name === 'ClrkError' || thrown.name === 'AbortError'))
      throw thrown;
    throw imageError('REGISTRY_UNREACHABLE', `${host} broke off in the middle of a download`, thrown);
  }
}

export class RegistrySource implements ImageSource {
  readonly #session: RegistrySession;
  readonly #host: string;
  readonly #repository: string;

  constructor(session: RegistrySession, host: string, repository: string) {
    this.#session = session;
    this.#host = host;
    this.#repository = repository;
  }

  async manifest(tagOrDigest: string, signal?: AbortSignal): Promise<ManifestDocument> {
    const body = await this.#get(`manifests/${tagOrDigest}`, { accept: manifestAccept }, signal);
    const bytes = await collect(body, maxManifestBytes);
    const digest = digestOf(bytes);
    if (parseDigest(tagOrDigest) !== undefined && digest !== tagOrDigest)
      throw imageError('IMAGE_DIGEST_MISMATCH', `${this.#host} answered ${tagOrDigest} with ${digest}`);
    return { digest, bytes };
  }

  async blob(digest: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#get(`blobs/${digest}`, {}, signal);
  }

  async #get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<AsyncIterable<Uint8Array>> {
    const response = await this.#session.request(`/v2/${this.#repository}/${path}`, {
      headers,
      scope: `repository:${this.#repository}:pull`,
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status === 404 || response.body === null) {
      await response.body?.cancel();
      throw this.#absent(path);
    }
    return named(unlessIdle(response.body as ReadableStream<Uint8Array>, this.#host), this.#host);
  }

  #absent(path: string): Error {
    const [kind = '', name = ''] = path.split('/');
    const separator = name.includes(':') ? '@' : ':';
    const image = `${this.#repository}${separator}${name}`;
    const message =
      kind === 'manifests' ? `${this.#host} has no image ${image}` : `${this.#host} has no blob ${image}`;
    return imageError('IMAGE_NOT_FOUND', message);
  }
}
