/** The images of the agents' matrix in the development registry: made once a machine, pushed once a home. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pythonPath } from '../../examples/images/python-files.ts';
import type { Home } from '../../local/home.ts';
import { baseFiles } from '../../oci/build/base-files.ts';
import { cachedLayer, type LayerPlace } from '../../oci/build/cached-layer.ts';
import { writeImage } from '../../oci/build/layout-writer.ts';
import { hostArchitecture } from '../../oci/host-platform.ts';
import { buildImage, imageCache, pushImage, textFile, type TreeEntry } from '../../oci/index.ts';
import { provideNpm } from '../mcp/npm-packages.ts';
import { goProgram, javaHome, javaProgram, programs, pythonCache, pythonPackages } from './program-files.ts';

export const programImages = {
  python: 'localhost:5100/agent-python:0.1.0',
  vercel: 'localhost:5100/agent-vercel:0.1.0',
  langchain: 'localhost:5100/agent-langchain:0.1.0',
  go: 'localhost:5100/agent-go:0.1.0',
  java: 'localhost:5100/agent-java:0.1.0',
} as const;

interface Content {
  readonly files: readonly TreeEntry[];
  readonly entrypoint: readonly string[];
  readonly env?: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
}

/** An image of one layer, kept for the next time. `user`: '' is root. */
export async function writeProgram(
  place: LayerPlace,
  name: string,
  { files, entrypoint, env = [], user = '', workingDir = '/app' }: Content,
): Promise<void> {
  const layer = await cachedLayer(place, 'agent', [...baseFiles(), ...files]);
  await writeImage(place.layout, name, {
    layers: [layer],
    architecture: hostArchitecture(),
    config: {
      entrypoint: [...entrypoint],
      cmd: [],
      env: ['PATH=/usr/local/bin:/usr/bin:/bin', ...env],
      user,
      workingDir,
    },
    labels: {},
  });
}

async function writePython(place: LayerPlace): Promise<void> {
  const { files, packages } = await pythonPackages();
  const from = join(programs, 'python');
  const scripts = readdirSync(from)
    .filter((name) => name.endsWith('.py'))
    .map((name) => textFile(`app/${name}`, readFileSync(join(from, name), 'utf8')));
  await writeProgram(place, programImages.python, {
    files: [...files, ...scripts],
    entrypoint: [pythonPath],
    env: [`PYTHONPATH=${packages}`, `PYTHONPYCACHEPREFIX=${pythonCache}`],
  });
}

/** As `clrk image build` makes them, where npm has put the packages. */
async function writeNode({ layout, cache }: LayerPlace): Promise<void> {
  const modules = await provideNpm(join(programs, 'npm'), 'agents');
  const folder = mkdtempSync(join(tmpdir(), 'clrk-agents-'));
  try {
    cpSync(join(programs, 'node'), folder, { recursive: true });
    symlinkSync(modules, join(folder, 'node_modules'));
    for (const kind of ['vercel', 'langchain'] as const) {
      const entry = join(folder, `${kind}.js`);
      await buildImage({ entry, name: programImages[kind], output: layout, cache });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Idempotent. */
export async function pushPrograms(home: Home): Promise<void> {
  const done = join(home.images, 'agents.pushed');
  if (existsSync(done)) return;
  mkdirSync(home.images, { recursive: true, mode: 0o700 });
  const place = { layout: home.images, cache: imageCache(process.env) };
  await writePython(place);
  await writeNode(place);
  await writeProgram(place, programImages.go, { files: await goProgram(), entrypoint: ['/app/agent'] });
  await writeProgram(place, programImages.java, {
    files: await javaProgram(),
    entrypoint: [`${javaHome}/bin/java`, '-cp', '/app', 'Agent'],
    env: [`JAVA_HOME=${javaHome}`],
  });
  for (const name of Object.values(programImages))
    await pushImage({ name, layout: home.images, plainHttp: true });
  writeFileSync(done, '');
}
