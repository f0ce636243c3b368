/**
 * Pulling from a registry (the OCI distribution API's read half). Apart from pushing because workers only pull.
 */
import { digestOf, parseDigest } from '../contract/index.ts';
import { imageError } from './image-error.ts';
import { downloadBlob, readBody } from './blob-download.ts';
import { collect, type BlobDescriptor, type ImageSource, type ManifestDocument } from './image-source.ts';
import { manifestAccept, maxManifestBytes } from './manifest.ts';
import type { RegistrySession } from './registry-session.ts';

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
    const response = await this.#get(`manifests/${tagOrDigest}`, { accept: manifestAccept }, signal);
    const bytes = await collect(readBody(response, this.#host), maxManifestBytes);
    const digest = digestOf(bytes);
    if (parseDigest(tagOrDigest) !== undefined && digest !== tagOrDigest)
      throw imageError('IMAGE_DIGEST_MISMATCH', `${this.#host} answered ${tagOrDigest} with ${digest}`);
    return { digest, bytes };
  }

  /** Absence is told at once; what breaks later is resumed while it is read. */
  async blob(blob: BlobDescriptor, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const open = (from: number): Promise<Response> =>
      this.#get(`blobs/${blob.digest}`, from === 0 ? {} : { range: `bytes=${from}-` }, signal);
    const pause = (attempt: number): Promise<void> => this.#session.pause(attempt, signal);
    return downloadBlob(blob, { host: this.#host, open, pause }, await open(0));
  }

  async #get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const response = await this.#session.request(`/v2/${this.#repository}/${path}`, {
      headers,
      scope: `repository:${this.#repository}:pull`,
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status !== 404) return response;
    await response.body?.cancel();
    throw this.#absent(path);
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
