/**
 * Pushing to a registry (the OCI distribution API's write half). Apart from pulling because workers never push.
 */
import { openAsBlob } from 'node:fs';
import { imageError } from '../image-error.ts';
import type { Descriptor } from '../manifest.ts';
import type { RegistrySession } from '../registry-session.ts';

/** One PUT of a large layer over a slow line. */
const uploadTimeoutMs = 15 * 60_000;

export class RegistryTarget {
  readonly #session: RegistrySession;
  readonly #repository: string;
  readonly #scope: string;

  constructor(session: RegistrySession, repository: string) {
    this.#session = session;
    this.#repository = repository;
    this.#scope = `repository:${repository}:pull,push`;
  }

  /** Uploads the blob unless the registry has it. Returns whether it sent anything. */
  async putBlob(blob: Descriptor, path: string): Promise<boolean> {
    const scope = this.#scope;
    const present = await this.#session.request(`/v2/${this.#repository}/blobs/${blob.digest}`, {
      method: 'HEAD',
      scope,
    });
    if (present.ok) return false;
    const started = await this.#session.request(`/v2/${this.#repository}/blobs/uploads/`, {
      method: 'POST',
      scope,
    });
    await started.body?.cancel();
    const location = started.headers.get('location');
    if (location === null) throw imageError('REGISTRY_REFUSED', 'the registry takes no upload');
    const content = await openAsBlob(path);
    const url = new URL(location, started.url);
    url.searchParams.set('digest', blob.digest);
    const done = await this.#session.request(url.href, {
      method: 'PUT',
      scope,
      body: () => content,
      headers: { 'content-type': 'application/octet-stream' },
      timeoutMs: uploadTimeoutMs,
    });
    await expectCreated(done, `the blob ${blob.digest}`);
    return true;
  }

  async putManifest(tagOrDigest: string, mediaType: string, bytes: Buffer): Promise<void> {
    const response = await this.#session.request(`/v2/${this.#repository}/manifests/${tagOrDigest}`, {
      method: 'PUT',
      scope: this.#scope,
      body: () => new Uint8Array(bytes),
      headers: { 'content-type': mediaType },
    });
    await expectCreated(response, 'the manifest');
  }
}

async function expectCreated(response: Response, what: string): Promise<void> {
  await response.body?.cancel();
  if (!response.ok) throw imageError('REGISTRY_REFUSED', `the registry did not take ${what}`);
}
