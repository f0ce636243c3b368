/**
 * The images of the examples and of the end-to-end tests: what is in each. Apart from how an image is made (`oci/`).
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  agentUser,
  buildImage,
  buildRootfsImage,
  imageCache,
  programEntries,
  symlinkEntry,
  type BuiltImage,
  type TreeEntry,
} from '../../oci/index.ts';
import { packagedProgram } from './debian-package.ts';
import { pythonFiles, pythonPath } from './python-files.ts';

/** Names as the examples' manifests write them; the host is the development registry. */
export const exampleImageNames = {
  hello: 'localhost:5100/hello:0.1.0',
  'hello-shell': 'localhost:5100/hello-shell:0.1.0',
} as const;
export type ExampleName = keyof typeof exampleImageNames;

/** Programs of others, unmodified, that must work through the gateway without a setting of their own. */
export const testImageKinds = ['python', 'node', 'curl', 'busybox'] as const;
export type TestImageKind = (typeof testImageKinds)[number];

export interface ImagePlace {
  /** Layout directory; default: the local image store. */
  readonly output?: string;
  readonly cache?: string;
  /** Default: see `exampleImageNames`, and `localhost:5100/test-KIND:0.1.0`. */
  readonly name?: string;
}

const applets =
  'base64 cat chmod cut date dd df echo env expr false find grep head hostname id ifconfig ip kill ls mkdir mount nc nslookup od ping printf ps pwd rm sed seq sh sleep sort stat strings tail test timeout top touch tr true uname vi wc wget xargs yes';

/** The folder `examples/`, from the source file as from the bundle. */
function examplesDirectory(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'examples', 'hello', 'agent.ts')) && directory !== '/')
    directory = dirname(directory);
  return join(directory, 'examples');
}

async function script(path: string, at: string, mode = 0o644): Promise<TreeEntry> {
  return { kind: 'file', path: at, mode, content: await readFile(join(examplesDirectory(), path)) };
}

async function busyboxFiles(cache: string): Promise<readonly TreeEntry[]> {
  const links = applets.split(' ').map((applet) => symlinkEntry(`bin/${applet}`, '/usr/bin/busybox'));
  return [...(await packagedProgram('busybox', cache)), ...links];
}

/** busybox and curl. */
export async function shellFiles(cache: string): Promise<readonly TreeEntry[]> {
  return [...(await busyboxFiles(cache)), ...(await packagedProgram('curl', cache))];
}

const asAgent = `${agentUser.uid}:${agentUser.gid}`;

function placed(place: ImagePlace): { readonly output?: string } {
  return place.output === undefined ? {} : { output: place.output };
}

const cacheOf = (place: ImagePlace): string => place.cache ?? imageCache(process.env);

export async function buildExampleImage(example: ExampleName, place: ImagePlace = {}): Promise<BuiltImage> {
  const name = place.name ?? exampleImageNames[example];
  const cache = cacheOf(place);
  if (example === 'hello')
    return buildImage({
      entry: join(examplesDirectory(), 'hello', 'agent.ts'),
      name,
      cache,
      ...placed(place),
    });
  const files = [...(await shellFiles(cache)), await script('hello-shell/agent.sh', 'app/agent.sh', 0o755)];
  const config = { entrypoint: ['/bin/sh', '/app/agent.sh'], user: asAgent, workingDir: '/app' };
  return buildRootfsImage({ name, files, config, ...placed(place) });
}

interface TestImage {
  readonly files: readonly TreeEntry[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
}

/** Entrypoint: the program; Cmd: something worth running, for who gives no arguments. */
async function testImage(kind: TestImageKind, cache: string): Promise<TestImage> {
  const models = ['https://api.openai.com/v1/models', '--header', 'Authorization: Bearer placeholder'];
  switch (kind) {
    case 'python': {
      const files = [...(await pythonFiles()), await script('images/ask.py', 'app/ask.py')];
      return { files, entrypoint: [pythonPath], cmd: ['/app/ask.py'] };
    }
    case 'node': {
      const node = await programEntries(process.execPath, { at: '/usr/bin/node' });
      return {
        files: [...node, await script('images/ask.mjs', 'app/ask.mjs')],
        entrypoint: ['/usr/bin/node'],
        cmd: ['/app/ask.mjs'],
      };
    }
    case 'curl':
      return {
        files: await shellFiles(cache),
        entrypoint: ['/usr/bin/curl'],
        cmd: ['--silent', '--show-error', '--fail', ...models],
      };
    case 'busybox':
      return { files: await busyboxFiles(cache), entrypoint: ['/bin/sh'], cmd: ['-c', 'cat; id'] };
  }
}

/** Runs as root of the sandbox, as most public images do. */
export async function buildTestImage(kind: TestImageKind, place: ImagePlace = {}): Promise<BuiltImage> {
  const { files, entrypoint, cmd } = await testImage(kind, cacheOf(place));
  const name = place.name ?? `localhost:5100/test-${kind}:0.1.0`;
  return buildRootfsImage({ name, files, config: { entrypoint, cmd }, ...placed(place) });
}
