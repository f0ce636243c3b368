/**
 * Programs for small images: from this machine, or from Debian's or Ubuntu's packages unpacked into a cache without
 * installing anything. Apart because it runs apt; nothing else of the examples touches the network.
 */
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ClrkError } from '../../contract/index.ts';
import { findProgram, isExecutable, programEntries, type TreeEntry } from '../../oci/index.ts';

const run = promisify(execFile);
const aptTimeoutMs = 120_000;

/** A package and everything it depends on, by name. */
async function closure(name: string): Promise<readonly string[]> {
  const no = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'].map(
    (kind) => `--no-${kind}`,
  );
  const { stdout } = await run('apt-cache', ['depends', '--recurse', ...no, name], { timeout: aptTimeoutMs });
  return [...new Set(stdout.split('\n').filter((line) => /^[a-z0-9]/.test(line)))];
}

async function unpack(name: string, directory: string): Promise<void> {
  const packages = await closure(name);
  await run('apt-get', ['download', '-o', 'APT::Sandbox::User=root', ...packages], {
    cwd: directory,
    timeout: aptTimeoutMs,
  });
  const archives = (await readdir(directory)).filter((file) => file.endsWith('.deb'));
  for (const archive of archives) {
    await run('dpkg-deb', ['--extract', archive, 'root'], { cwd: directory });
    await rm(join(directory, archive));
  }
}

/** The directory with the unpacked package; fetched once. */
async function packageRoot(name: string, cache: string): Promise<string> {
  const key = createHash('sha256').update(name).digest('hex').slice(0, 8);
  const home = join(cache, `deb-${name}-${key}`);
  if (await isExecutable(join(home, 'root'))) return join(home, 'root');
  const draft = join(cache, `draft-${randomBytes(6).toString('hex')}`);
  await mkdir(draft, { recursive: true });
  try {
    await unpack(name, draft);
    await rename(draft, home).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code !== 'ENOTEMPTY' && thrown.code !== 'EEXIST') throw thrown;
    });
  } catch (thrown) {
    throw new ClrkError('IMAGE_BUILD_FAILED', `the package ${name} cannot be fetched with apt`, {
      hint: `Install it (apt-get install ${name}), or run apt-get update and try again.`,
      cause: thrown,
    });
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return join(home, 'root');
}

/** The program with its libraries, at `/usr/bin/NAME` of the image. */
export async function packagedProgram(name: string, cache: string): Promise<readonly TreeEntry[]> {
  const at = `/usr/bin/${name}`;
  const here = await findProgram(name);
  if (here !== undefined) return programEntries(here, { at });
  const sysroot = await packageRoot(name, cache);
  const places = ['usr/bin', 'bin'].map((directory) => join(sysroot, directory, name));
  for (const place of places) if (await isExecutable(place)) return programEntries(place, { at, sysroot });
  throw new ClrkError('IMAGE_BUILD_FAILED', `the package ${name} has no program ${name}`);
}
