/**
 * Writing an OCI image layout: blobs by digest, names in index.json. Apart from reading, which workers do. A name
 * appears only when all its blobs are there; writers of one process take turns, the file changes by rename.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../contract/index.ts';
import type { ImageConfig } from '../image.ts';
import { blobPath, readLayoutIndex, refNameAnnotation } from '../layout-source.ts';
import { mediaTypes, type Descriptor, type IndexEntry } from '../manifest.ts';
import type { WrittenLayer } from './layer-writer.ts';

/** By which containerd (and with it a node's `ctr images import`) names what it imports. */
const containerdNameAnnotation = 'io.containerd.image.name';

export interface ImageContent {
  readonly layers: readonly WrittenLayer[];
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface BuiltImage {
  readonly name: string;
  /** Digest of the manifest. */
  readonly digest: string;
  /** Compressed bytes of all layers. */
  readonly sizeBytes: number;
  /** The layout that holds it. */
  readonly layout: string;
}

const turns = new Map<string, Promise<unknown>>();

/** One at a time per layout. */
async function inTurn<T>(layout: string, work: () => Promise<T>): Promise<T> {
  const previous = turns.get(layout) ?? Promise.resolve();
  const mine = previous.then(work, work);
  turns.set(layout, mine);
  try {
    return await mine;
  } finally {
    if (turns.get(layout) === mine) turns.delete(layout);
  }
}

async function replaceFile(path: string, content: string | Buffer): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, content);
  await rename(draft, path);
}

async function writeBlob(layout: string, mediaType: string, document: object): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(document));
  const digest = digestOf(bytes);
  await replaceFile(blobPath(layout, digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

async function nameManifest(
  layout: string,
  name: string,
  manifest: Descriptor,
  architecture: string,
): Promise<void> {
  await inTurn(layout, async () => {
    const others = (await readLayoutIndex(layout))?.manifests ?? [];
    const entry: IndexEntry = {
      ...manifest,
      platform: { architecture, os: 'linux' },
      annotations: { [refNameAnnotation]: name, [containerdNameAnnotation]: name },
    };
    const manifests = [...others.filter((each) => each.annotations?.[refNameAnnotation] !== name), entry];
    await replaceFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    await replaceFile(join(layout, 'index.json'), `${JSON.stringify(index, null, 2)}\n`);
  });
}

/** The layers must be in the layout already. No field depends on when or where it is built. */
export async function writeImage(layout: string, name: string, content: ImageContent): Promise<BuiltImage> {
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true });
  const { entrypoint, cmd, env, user, workingDir } = content.config;
  const config = await writeBlob(layout, mediaTypes.ociConfig, {
    architecture: content.architecture,
    os: 'linux',
    config: {
      ...(user === '' ? {} : { User: user }),
      Env: env,
      Entrypoint: entrypoint,
      Cmd: cmd,
      WorkingDir: workingDir === '' ? '/' : workingDir,
      Labels: content.labels,
    },
    rootfs: { type: 'layers', diff_ids: content.layers.map((layer) => layer.diffId) },
  });
  const manifest = await writeBlob(layout, mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: content.layers.map((layer) => layer.descriptor),
  });
  await nameManifest(layout, name, manifest, content.architecture);
  const sizeBytes = content.layers.reduce((sum, layer) => sum + layer.descriptor.size, 0);
  return { name, digest: manifest.digest, sizeBytes, layout };
}
