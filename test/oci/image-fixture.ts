/** Images made byte by byte, hostile ones included, as OCI layouts on disk. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';

/** As tar-stream writes it. */
export interface Entry {
  readonly name: string;
  readonly type?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: Date;
  readonly linkname?: string;
  readonly content?: string;
}

export const sha256 = (bytes: string | Uint8Array): string =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'clrk-oci-'));
}

export async function tarOf(entries: readonly Entry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries) {
    const size = content === undefined ? {} : { size: Buffer.byteLength(content) };
    tar.entry({ type: 'file', ...header, ...size } as Parameters<typeof tar.entry>[0], content ?? '');
  }
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export interface LayoutImage {
  readonly layers: readonly (readonly Entry[])[];
  readonly config?: object;
  readonly tag?: string;
  readonly architecture?: string;
  /** Replaces the layers' media type. */
  readonly layerType?: string;
}

const blobs = (layout: string): string => join(layout, 'blobs', 'sha256');

export async function writeBlob(layout: string, bytes: Buffer): Promise<{ digest: string; size: number }> {
  await mkdir(blobs(layout), { recursive: true });
  const digest = sha256(bytes);
  await writeFile(join(blobs(layout), digest.slice(7)), bytes);
  return { digest, size: bytes.length };
}

/** Returns the manifest's digest. */
export async function writeLayout(layout: string, image: LayoutImage): Promise<string> {
  const tars = await Promise.all(image.layers.map(tarOf));
  const config = {
    architecture: image.architecture ?? (process.arch === 'x64' ? 'amd64' : process.arch),
    os: 'linux',
    config: image.config ?? {},
    rootfs: { type: 'layers', diff_ids: tars.map(sha256) },
  };
  const mediaType = image.layerType ?? 'application/vnd.oci.image.layer.v1.tar+gzip';
  const layers = await Promise.all(
    tars.map(async (tar) => ({ mediaType, ...(await writeBlob(layout, gzipSync(tar))) })),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      ...(await writeBlob(layout, Buffer.from(JSON.stringify(config)))),
    },
    layers,
  };
  const written = await writeBlob(layout, Buffer.from(JSON.stringify(manifest)));
  const entry = {
    mediaType: manifest.mediaType,
    ...written,
    annotations: { 'org.opencontainers.image.ref.name': image.tag ?? 'latest' },
  };
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  return written.digest;
}

/** The code of what a promise throws; undefined when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (thrown: Error & { code?: string }) => thrown.code ?? thrown.message,
  );
}
