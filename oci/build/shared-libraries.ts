/**
 * Which shared libraries a program of this machine needs, by the dynamic loader's own word (ldd). Apart because it is
 * only for programs of the host, which are trusted: ldd may run the program it looks at.
 */
import { execFile } from 'node:child_process';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { imageError } from '../image-error.ts';
import { entryPath, type TreeEntry } from './tree-entry.ts';

const run = promisify(execFile);

/** Loaded by name at run time, so ldd does not show them; inside libc itself since glibc 2.34. */
const nameServiceLibraries = ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'];

export interface LinkedLibraries {
  readonly found: readonly string[];
  readonly missing: readonly string[];
}

/** Pure: ldd's output to paths. A static program has none. */
export function parseLdd(output: string): LinkedLibraries {
  const lines = output.split('\n').map((line) => line.trim());
  const found = lines.flatMap((line) => /(?:=>\s+)?(\/\S+)\s+\(0x[0-9a-f]+\)$/.exec(line)?.[1] ?? []);
  const missing = lines.flatMap((line) => /^(\S+)\s+=>\s+not found$/.exec(line)?.[1] ?? []);
  return { found: [...new Set(found)], missing };
}

/** Where Debian keeps libraries, below a directory of unpacked packages. */
function libraryPath(sysroot: string): string {
  const triplet = `${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`;
  return [`usr/lib/${triplet}`, `lib/${triplet}`, 'usr/lib', 'lib']
    .map((part) => join(sysroot, part))
    .join(':');
}

async function ldd(program: string, sysroot: string | undefined): Promise<LinkedLibraries> {
  const extra = sysroot === undefined ? {} : { LD_LIBRARY_PATH: libraryPath(sysroot) };
  try {
    return parseLdd((await run('ldd', [program], { env: { ...process.env, LC_ALL: 'C', ...extra } })).stdout);
  } catch (thrown) {
    const said = thrown as { stdout?: string; stderr?: string };
    // "not a dynamic executable": a static program, which needs nothing.
    if (/not a dynamic executable|statically linked/.test(`${said.stdout ?? ''}${said.stderr ?? ''}`))
      return { found: [], missing: [] };
    throw imageError('IMAGE_INVALID', `ldd cannot read ${program}`, thrown);
  }
}

function pathInImage(path: string, sysroot: string | undefined): string {
  return sysroot !== undefined && path.startsWith(`${sysroot}/`) ? path.slice(sysroot.length) : path;
}

async function copyOf(path: string, at: string = path): Promise<TreeEntry> {
  const source = await realpath(path);
  const { size } = await stat(source);
  return { kind: 'copy', path: entryPath(at), mode: 0o755, source, size };
}

export interface ProgramOptions {
  /** Path in the image; default where it is on the host. */
  readonly at?: string;
  /** Unpacked packages: their libraries come first, and lie in the image where they lie below this directory. */
  readonly sysroot?: string;
}

/** The program and all it needs to start, at the paths where its loader looks. */
export async function programEntries(
  program: string,
  options: ProgramOptions = {},
): Promise<readonly TreeEntry[]> {
  const { sysroot } = options;
  const { found, missing } = await ldd(program, sysroot);
  if (missing.length > 0)
    throw imageError(
      'IMAGE_INVALID',
      `${program} needs ${missing.join(', ')}, which this machine does not have`,
    );
  const libraries = await Promise.all(found.map((path) => copyOf(path, pathInImage(path, sysroot))));
  const libc = found.find((path) => basename(path) === 'libc.so.6');
  const siblings = libc === undefined ? [] : nameServiceLibraries.map((name) => join(dirname(libc), name));
  const extra = await Promise.all(siblings.map((path) => copyOf(path).catch(() => undefined)));
  return [
    await copyOf(program, options.at ?? pathInImage(program, sysroot)),
    ...libraries,
    ...extra.filter((entry) => entry !== undefined),
  ];
}
