/**
 * Brings an example's image into the development registry: built and pushed only when its source, what builds it, the
 * packages or Node changed, because a second start must be quick.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { ExampleName } from '../../examples/images/index.ts';
import { ClrkError } from '../../contract/index.ts';
import type { Home } from '../home.ts';
import { readFileIfAny, writePrivateFile } from '../private-file.ts';

export const exampleNames = ['hello', 'hello-shell'] as const satisfies readonly ExampleName[];

export function parseExampleName(text: string): ExampleName {
  const name = exampleNames.find((candidate) => candidate === text);
  if (name !== undefined) return name;
  throw new ClrkError('EXAMPLE_UNKNOWN', `there is no example ${text}`, {
    hint: `There are: ${exampleNames.join(', ')}.`,
  });
}

/** What an image is made by, besides its own sources. */
const builders = ['examples/images', 'oci/build'];

function sourceDigest(root: string, example: ExampleName): string {
  const hash = createHash('sha256')
    .update(process.version)
    .update(readFileSync(join(root, 'package-lock.json')));
  for (const folder of [join('examples', example), ...builders]) {
    const names = readdirSync(join(root, folder)).toSorted();
    for (const name of names) hash.update(name).update(readFileSync(join(root, folder, name)));
  }
  return hash.digest('hex');
}

function registryHas(image: string): Promise<boolean> {
  const match = /^([^/]+)\/(.+):([^:]+)$/.exec(image);
  if (match === null) return Promise.resolve(false);
  const [, host = '', repository = '', tag = ''] = match;
  const accept = 'application/vnd.oci.image.manifest.v1+json';
  return new Promise((resolve) => {
    // 127.0.0.1: `localhost` may resolve to ::1, where the registry does not listen.
    const address = host.replace(/^localhost/, '127.0.0.1');
    get(
      `http://${address}/v2/${repository}/manifests/${tag}`,
      { headers: { accept }, timeout: 5_000 },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    )
      .on('timeout', () => resolve(false))
      .on('error', () => resolve(false));
  });
}

export interface ExampleImage {
  /** Builds if need be; needs no registry, so that it runs beside the control plane's start. */
  readonly built: Promise<boolean>;
  /** Pushes what was built; needs the registry. Returns what was done. */
  readonly push: () => Promise<string>;
}

export function prepareExampleImage(root: string, home: Home, example: ExampleName): ExampleImage {
  const stampPath = join(home.images, `${example}.stamp`);
  const digest = sourceDigest(root, example);
  const build = async (): Promise<void> => {
    const { buildExampleImage } = await import('../../examples/images/index.ts');
    await buildExampleImage(example, { output: home.images });
  };
  const current = readFileIfAny(stampPath) === digest;
  const built = current ? Promise.resolve(false) : build().then(() => true);
  // Whoever pushes hears of a failed build; until then it must not count as unhandled.
  built.catch(() => undefined);
  const push = async (): Promise<string> => {
    const { exampleImageNames } = await import('../../examples/images/index.ts');
    const name = exampleImageNames[example];
    const fresh = await built;
    if (!fresh && (await registryHas(name))) return 'up to date';
    if (!fresh) await build();
    const { pushImage } = await import('../../oci/index.ts');
    await pushImage({ name, layout: home.images, plainHttp: true });
    writePrivateFile(stampPath, digest);
    return fresh ? 'built and pushed' : 'pushed';
  };
  return { built, push };
}
