/**
 * The other side of `--diff`: a folder as it is, or the same folder at a git revision, unpacked to a temporary one. git
 * is asked with argument arrays only, and nothing in the repository is changed.
 */
import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { extract } from 'tar-stream';
import { errorMessage } from '../../contract/index.ts';
import { undecided } from './undecided.ts';

const run = promisify(execFile);
const maxBytes = 256 * 1024 * 1024;
/**
 * What somebody's configuration, or that of a repository that was unpacked with its own, makes git say and run besides: signatures
 * among the commits, a program that watches files.
 */
const quiet = [
  '-c',
  'log.showSignature=false',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.hooksPath=/dev/null',
];

export interface Base extends Disposable {
  /** Undefined: the folder did not exist then, so nothing could be reached. */
  readonly folder: string | undefined;
  /** What git does not give, one line each. */
  readonly unseen: readonly string[];
}

const hint =
  'Name a folder, or a git revision such as origin/main (a shallow clone may lack it: fetch more).';

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

/** What git answers. Throws when it fails. */
export async function git(folder: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run('git', [...quiet, '-C', folder, ...args], { maxBuffer: maxBytes });
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

interface Entry {
  readonly mode: string;
  readonly path: string;
}

/** What git holds below a folder at a commit. */
async function entriesOf(folder: string, commit: string): Promise<Entry[]> {
  const listed = await git(folder, 'ls-tree', '-r', '-z', commit, '--', '.');
  return listed
    .split('\0')
    .filter((line) => line !== '')
    .map((line) => ({ mode: line.slice(0, 6), path: line.slice(line.indexOf('\t') + 1) }));
}

const submodule = '160000';

interface Link {
  readonly path: string;
  readonly target: string;
}

/**
 * Made when all files are written, so that none is written through one, and kept where they end inside: what is elsewhere on this
 * machine was not there then. Some lead out only together with others, so that is asked when all are there.
 */
function makeLinks(into: string, links: readonly Link[]): Link[] {
  const root = realpathSync.native(into);
  // All folders first: none is made through a link either.
  for (const { path } of links) mkdirSync(dirname(join(root, path)), { recursive: true });
  const made = links.filter(({ path, target }) => {
    const at = join(root, path);
    // A folder may have the same name: no git writes such a tree, and anybody else may.
    if (existsSync(at)) return false;
    symlinkSync(target, at);
    return true;
  });
  const isIn = ({ path }: Link): boolean => {
    const end = endOf(join(root, path));
    return end === undefined || end === root || end.startsWith(`${root}/`);
  };
  const out = new Set(made.filter((link) => !isIn(link)));
  for (const { path } of out) unlinkSync(join(root, path));
  return made.filter((link) => !out.has(link));
}

/** undefined: at nothing. */
function endOf(path: string): string | undefined {
  try {
    // The other one takes `link/..` for nothing, which the kernel does not.
    return realpathSync.native(path);
  } catch {
    return undefined;
  }
}

async function writeFile(path: string, content: AsyncIterable<Buffer>): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  writeFileSync(path, Buffer.concat(chunks));
}

/** Everything below a folder at a commit, and what of it could not be had. */
async function unpack(folder: string, commit: string, into: string): Promise<string[]> {
  const options = { maxBuffer: maxBytes, encoding: 'buffer' } as const;
  const asked = [...quiet, '-C', folder, 'archive', '--format=tar', commit, '--', '.'];
  const { stdout } = await run('git', asked, options);
  const archive = extract();
  archive.end(stdout);
  const seen = new Set<string>();
  const links: Link[] = [];
  for await (const entry of archive) {
    const { name, type, linkname } = entry.header;
    if (type === 'symlink') links.push({ path: name, target: linkname ?? '' });
    if (type === 'file') {
      await writeFile(join(into, name), entry as AsyncIterable<Buffer>);
      seen.add(name);
    }
    entry.resume();
  }
  for (const { path } of makeLinks(into, links)) seen.add(path);
  const missing = (await entriesOf(folder, commit)).filter(({ path }) => !seen.has(path));
  return missing.map(({ mode, path }) =>
    mode === submodule
      ? `${path} is a submodule, which is not looked into. Give a folder instead of a revision.`
      : `${path} is a link that leads out, or kept out of archives (.gitattributes). Give a folder instead of a revision.`,
  );
}

/** Kustomizations name what is beside and above them: of those all of the repository is needed. */
function needsAll(entries: readonly Entry[]): boolean {
  return entries.some(({ path }) => /(?:^|\/)[kK]ustomization(?:\.ya?ml)?$/.test(path));
}

interface Unpacked {
  readonly folder: string | undefined;
  readonly unseen: readonly string[];
}

async function unpackAround(folder: string, commit: string, into: string): Promise<Unpacked> {
  const entries = await entriesOf(folder, commit);
  if (entries.length === 0) return { folder: undefined, unseen: [] };
  if (!needsAll(entries)) return { folder: into, unseen: await unpack(folder, commit, into) };
  const top = (await git(folder, 'rev-parse', '--show-toplevel')).trimEnd();
  const prefix = (await git(folder, 'rev-parse', '--show-prefix')).trimEnd();
  const unseen = await unpack(top, commit, into);
  return { folder: join(into, prefix), unseen: unseen.filter((line) => line.startsWith(prefix)) };
}

/** Where git can be asked about a folder that may be gone from the working tree. */
export function nearestFolder(path: string): string {
  let folder = path;
  while (!isFolder(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

export async function openBase(head: string, base: string): Promise<Base> {
  if (isFolder(base)) return { folder: base, unseen: [], [Symbol.dispose]: () => undefined };
  const folder = nearestFolder(resolve(head));
  const commit = await commitOf(folder, base);
  const into = mkdtempSync(join(tmpdir(), 'clrk-reach-base-'));
  const dispose = (): void => rmSync(into, { recursive: true, force: true });
  try {
    const unpacked = await unpackAround(folder, commit, into);
    return { ...unpacked, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw undecided(
      'BASE_UNREADABLE',
      [`${base} cannot be read: ${errorMessage(error).split('\n')[0] ?? ''}`],
      hint,
    );
  }
}
