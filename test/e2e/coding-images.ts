/**
 * Images of coding agents, each the program of its npm package as npm laid it down, a shell and its tools beside it, and a user
 * that is not root. Made once a machine, pushed once a home.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import { shellFiles } from '../../examples/images/index.ts';
import type { Home } from '../../local/home.ts';
import type { LayerPlace } from '../../oci/build/cached-layer.ts';
import {
  agentUser,
  directoryEntries,
  findProgram,
  imageCache,
  programEntries,
  pushImage,
  symlinkEntry,
  type TreeEntry,
} from '../../oci/index.ts';
import { provideNpm } from '../mcp/npm-packages.ts';
import { writeProgram } from './program-images.ts';

export const codingImages = {
  claude: 'localhost:5100/agent-claude-code:0.1.0',
  codex: 'localhost:5100/agent-codex:0.1.0',
} as const;

/** busybox and curl, and bash, on which these agents insist. */
async function shell(cache: string): Promise<readonly TreeEntry[]> {
  const bash = await findProgram('bash');
  if (bash === undefined)
    throw new ClrkError('IMAGE_BUILD_FAILED', 'this machine has no bash', {
      hint: 'Install it: apt-get install bash.',
    });
  return [...(await shellFiles(cache)), ...(await programEntries(bash, { at: '/bin/bash' }))];
}

const target = `${process.platform}-${process.arch}`;
const user = `${agentUser.uid}:${agentUser.gid}`;
const place = { user, workingDir: agentUser.home, env: [`HOME=${agentUser.home}`, 'SHELL=/bin/bash'] };

/** One file, which npm's script would copy over the package's own stub. */
async function writeClaude(layers: LayerPlace, modules: string, base: readonly TreeEntry[]): Promise<void> {
  const program = join(modules, `@anthropic-ai/claude-code-${target}/claude`);
  const files = [...base, ...(await programEntries(program, { at: '/usr/local/bin/claude' }))];
  await writeProgram(layers, codingImages.claude, { ...place, files, entrypoint: ['/usr/local/bin/claude'] });
}

/** A folder with programs that call each other; the one that speaks and listens is left out, for its size. */
async function writeCodex(layers: LayerPlace, modules: string, base: readonly TreeEntry[]): Promise<void> {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const vendor = join(modules, `@openai/codex-${target}/vendor/${machine}-unknown-linux-musl`);
  const own = await directoryEntries(
    vendor,
    '/opt/codex',
    (path) => !path.startsWith('codex-resources/voice'),
  );
  const files = [...base, ...own, symlinkEntry('usr/local/bin/codex', '/opt/codex/bin/codex')];
  await writeProgram(layers, codingImages.codex, { ...place, files, entrypoint: ['/usr/local/bin/codex'] });
}

/** Idempotent. */
export async function pushCodingAgents(home: Home): Promise<void> {
  const done = join(home.images, 'coding.pushed');
  if (existsSync(done)) return;
  mkdirSync(dirname(done), { recursive: true, mode: 0o700 });
  const modules = await provideNpm(join(import.meta.dirname, 'coding/npm'), 'coding');
  const layers = { layout: home.images, cache: imageCache(process.env) };
  const base = await shell(layers.cache);
  await writeClaude(layers, modules, base);
  await writeCodex(layers, modules, base);
  for (const name of Object.values(codingImages))
    await pushImage({ name, layout: home.images, plainHttp: true });
  writeFileSync(done, '');
}
