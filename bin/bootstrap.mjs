/**
 * Makes a fresh clone runnable: Node, packages, system commands, pinned tool binaries, the program's bundle. Plain Node
 * without dependencies, because it is what installs them. Everything that can goes on in parallel, one progress line
 * each. It must be quick when nothing is to do: `npm start` runs it every time.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Progress } from '../local/tools/progress.mjs';
import { provideTool } from '../local/tools/tool-store.mjs';
import { testToolTable, toolTable } from '../local/tools/tool-table.mjs';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const oldestNode = [20, 19];

/** What a person can put right: printed without a stack. */
export class BootstrapError extends Error {
  /** @param {string} message @param {string} hint */
  constructor(message, hint) {
    super(message);
    this.hint = hint;
  }
}

/** Throws what is wrong with the machine before anything is written. Pure. */
export function judgeBasics({ version, platform, uid }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
    throw new BootstrapError(
      `Node ${oldestNode.join('.')} or newer is needed, this is ${version}`,
      'Install a current Node LTS.',
    );
  }
  if (platform !== 'linux')
    throw new BootstrapError(
      `Linux is needed, this is ${platform}`,
      'Use a Linux machine or virtual machine.',
    );
  if (uid !== 0)
    throw new BootstrapError(
      `root is needed, this is user ${uid}`,
      'Sandboxes need namespaces: run it again with `sudo -E`.',
    );
}

/** True when every package of the lockfile that must be there is, in its version. Pure. */
export function packagesMatch(lock, installed) {
  return Object.entries(lock.packages ?? {}).every(([path, entry]) => {
    if (path === '' || entry.link === true || !path.startsWith('node_modules/')) return true;
    const found = installed.packages?.[path];
    // Optional packages (binaries for other machines) may be absent.
    return found === undefined
      ? entry.optional === true || entry.peer === true
      : found.version === entry.version;
  });
}

function packagesAreInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
  return packagesMatch(read(join(root, 'package-lock.json')), read(hidden));
}

async function providePackages(note) {
  if (packagesAreInstalled()) return 'as in the lockfile';
  note('npm ci');
  // No install scripts: native packages bring their binaries as optional packages of their own.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await run('npm', args, { cwd: root, maxBuffer: 64 * 1024 * 1024, timeout: 30 * 60_000 }).catch((error) => {
    const tail = String(error.stderr ?? error.message)
      .trim()
      .split('\n')
      .slice(-3)
      .join(' ');
    throw new BootstrapError(
      `npm ci failed: ${tail}`,
      'Check the network and the npm registry setting, then run it again.',
    );
  });
  return 'installed';
}

const systemCommands = [
  { command: 'ip', debian: 'iproute2' },
  { command: 'nft', debian: 'nftables' },
  { command: 'setpriv', debian: 'util-linux' },
];

/** Only tests run these: Argo CD's scripts are Lua, an agent is written in Java, Java reads the trust store that sandboxes get. */
const testCommands = [
  { command: 'lua5.1', debian: 'lua5.1' },
  { command: 'git', debian: 'git' },
  { command: 'keytool', debian: 'default-jre-headless' },
  { command: 'javac', debian: 'default-jdk-headless' },
];

export function missingCommands(path = process.env['PATH'] ?? '', forTests = false) {
  const folders = [...path.split(delimiter), '/usr/sbin', '/sbin'];
  const wanted = forTests ? [...systemCommands, ...testCommands] : systemCommands;
  return wanted.filter(({ command }) => folders.every((folder) => !existsSync(join(folder, command))));
}

async function provideCommands(note, forTests) {
  const missing = missingCommands(undefined, forTests);
  if (missing.length === 0) return 'there';
  const packages = missing.map(({ debian }) => debian);
  const command = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const refused = new BootstrapError(`not installed: ${packages.join(', ')}`, `Type: ${command}`);
  if ((process.env['CLRK_NO_APT'] ?? '') !== '') throw refused;
  note(command);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: 10 * 60_000, maxBuffer: 64 * 1024 * 1024 };
  await run('apt-get', ['update', '-q'], options).catch(() => undefined);
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], options).catch(() => {
    throw refused;
  });
  return 'installed';
}

async function provideOneTool(tool, note) {
  const { path, from } = await provideTool(tool, { onStep: note }).catch((error) => {
    throw new BootstrapError(
      `${tool.name} ${tool.version}: ${error.message}`,
      `Install Go 1.25 or newer (it builds the pinned source), or put ${tool.name} ${tool.version} into PATH.`,
    );
  });
  return {
    path: `${tool.version}, ${{ path: `from ${path}`, cache: 'cached', download: 'downloaded', build: 'built' }[from]}`,
  }.path;
}

/** Everything; resolves when `build/clrk.mjs` can run. */
export async function bootstrap({ forTests = false } = {}) {
  judgeBasics({ version: process.versions.node, platform: process.platform, uid: process.getuid?.() ?? 0 });
  const progress = new Progress();
  try {
    const packages = progress.step('packages', providePackages);
    const tools = forTests ? [...toolTable, ...testToolTable] : toolTable;
    const work = [
      packages,
      progress.step('system commands', (note) => provideCommands(note, forTests)),
      ...tools.map((tool) => progress.step(tool.name, (note) => provideOneTool(tool, note))),
      packages.then(
        () => progress.step('program', async () => (await import('./bundle.mjs')).provideBundle()),
        () => undefined,
      ),
    ];
    // All of it, so that a second run finds everything else done.
    const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } finally {
    progress.close();
  }
}

/** Runs an entry point: three lines and exit 1 for what a person can mend. */
export async function main(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    const hint = error instanceof BootstrapError ? `\n  ${error.hint}` : '';
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}${hint}\n`);
    process.exitCode = 1;
  }
}
