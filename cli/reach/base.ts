/**
 * The other side of `--diff`: a folder as it is, or the same folder at a git revision, unpacked to a temporary one. git
 * is asked with argument arrays only, and nothing in the repository is changed.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar-stream';
import { errorMessage } from '../../contract/index.ts';
import { undecided } from './undecided.ts';

const run = promisify(execFile);
const maxBytes = 256 * 1024 * 1024;

export interface Base extends Disposable {
  /** Undefined: the folder did not exist then, so nothing could be reached. */
  readonly folder: string | undefined;
}

const hint =
  'Name a folder, or a git revision such as origin/main (a shallow clone may lack it: fetch more).';

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', folder, ...args], { maxBuffer: maxBytes });
  return stdout;
}

async function commitOf(folder: string, base: string): Promise<string> {
  try {
    return (
      await git(folder, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${base}^{commit}`)
    ).trim();
  } catch (error) {
    const isMissing = errorMessage(error).includes('ENOENT');
    const why = isMissing ? 'git is not installed' : `there is neither a folder nor a git revision "${base}"`;
    throw undecided('BASE_NOT_FOUND', [why], hint);
  }
}

/** The manifests of a folder at a commit. Links and submodules are left out. */
async function unpack(folder: string, commit: string, into: string): Promise<boolean> {
  const listed = await git(folder, 'ls-tree', '-r', '--name-only', commit, '--', '.');
  if (listed === '') return false;
  const options = { maxBuffer: maxBytes, encoding: 'buffer' } as const;
  const { stdout } = await run('git', ['-C', folder, 'archive', '--format=tar', commit, '--', '.'], options);
  const entries = extract();
  entries.end(stdout);
  for await (const entry of entries) {
    const { name, type } = entry.header;
    if (type === 'file' && /(?:\.ya?ml|\.json|Kustomization)$/i.test(name)) {
      const chunks: Buffer[] = [];
      for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
      const target = join(into, name);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, Buffer.concat(chunks));
    } else entry.resume();
  }
  return true;
}

/** Where git can be asked about a folder that may be gone from the working tree. */
function nearestFolder(path: string): string {
  let folder = path;
  while (!isFolder(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

export async function openBase(head: string, base: string): Promise<Base> {
  if (isFolder(base)) return { folder: base, [Symbol.dispose]: () => undefined };
  const folder = nearestFolder(resolve(head));
  const commit = await commitOf(folder, base);
  const into = mkdtempSync(join(tmpdir(), 'clrk-reach-base-'));
  const dispose = (): void => rmSync(into, { recursive: true, force: true });
  try {
    const found = await unpack(folder, commit, into);
    return { folder: found ? into : undefined, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw undecided(
      'BASE_UNREADABLE',
      [`${base} cannot be read: ${errorMessage(error).split('\n')[0] ?? ''}`],
      hint,
    );
  }
}
