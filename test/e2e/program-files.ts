/** What the images of the agents' matrix hold that this machine has to make first: kept in the tools' cache, made once. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { pythonFiles } from '../../examples/images/python-files.ts';
import { defaultCacheRoot } from '../../local/tools/tool-store.mjs';
import { ClrkError } from '../../contract/index.ts';
import { directoryEntries, findProgram, programEntries, type TreeEntry } from '../../oci/index.ts';
import { providePython } from '../sdk/python-sdks.ts';

const run = promisify(execFile);
export const programs = join(import.meta.dirname, 'program');

/** A folder that `make` fills; half a filling is done anew. `key`: all that what is in it depends on. */
async function kept(
  name: string,
  key: readonly (string | Buffer)[],
  make: (folder: string) => Promise<unknown>,
): Promise<string> {
  const hash = createHash('sha256');
  for (const each of key) hash.update(each).update('\0');
  const folder = join(defaultCacheRoot(), 'agents', `${name}-${hash.digest('hex').slice(0, 16)}`);
  const mark = join(folder, '.whole');
  if (existsSync(mark)) return folder;
  await rm(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await make(folder);
  writeFileSync(mark, '');
  return folder;
}

async function program(name: string, hint: string): Promise<string> {
  const found = await findProgram(name);
  if (found !== undefined) return found;
  throw new ClrkError('IMAGE_BUILD_FAILED', `this machine has no ${name}`, { hint });
}

/** Static: the image needs nothing else. */
export async function goProgram(): Promise<readonly TreeEntry[]> {
  const go = await program('go', 'Install it: apt-get install golang-go.');
  const from = join(programs, 'go');
  const { stdout: version } = await run(go, ['version']);
  const folder = await kept('go', [version, readFileSync(join(from, 'main.go'))], (to) =>
    run(go, ['build', '-trimpath', '-ldflags=-s -w', '-o', join(to, 'agent'), '.'], {
      cwd: from,
      env: { ...process.env, CGO_ENABLED: '0' },
    }),
  );
  return programEntries(join(folder, 'agent'), { at: '/app/agent' });
}

// Not `--strip-debug`: that runs objcopy, which a machine with Java need not have.
const javaModules = 'java.base,java.net.http,jdk.crypto.ec';

/** The agent and the part of Java that it needs, with the archive of classes Java's own images have. */
async function makeJava(javac: string, to: string): Promise<void> {
  await run(javac, ['--release', '17', '-d', join(to, 'app'), join(programs, 'java/Agent.java')]);
  const runtime = join(to, 'java');
  const jlink = join(dirname(javac), 'jlink');
  await run(jlink, [
    '--add-modules',
    javaModules,
    '--strip-java-debug-attributes',
    '--no-man-pages',
    '--output',
    runtime,
  ]);
  await run(join(runtime, 'bin/java'), ['-Xshare:dump']);
}

export const javaHome = '/opt/java';

export async function javaProgram(): Promise<readonly TreeEntry[]> {
  const javac = await program('javac', 'Install it: apt-get install default-jdk-headless.');
  const { stdout: version } = await run(javac, ['--version']);
  const source = readFileSync(join(programs, 'java/Agent.java'));
  const folder = await kept('java', [version, javaModules, source], (to) => makeJava(javac, to));
  const runtime = join(folder, 'java');
  // Its other libraries need what these need.
  const needed = await Promise.all(
    ['bin/java', 'lib/server/libjvm.so'].map((name) => programEntries(join(runtime, name))),
  );
  const ownPath = runtime.slice(1);
  return [
    ...needed.flat().filter(({ path }) => !path.startsWith(ownPath)),
    ...(await directoryEntries(runtime, javaHome)),
    ...(await directoryEntries(join(folder, 'app'), '/app')),
  ];
}

/** Where Python finds what it has compiled: without, each start compiles all it imports. */
export const pythonCache = '/var/cache/python';
const unused = /(^|\/)(__pycache__|pip|setuptools|pkg_resources|_distutils_hack)($|[-/])/;

/** What the image starts of them. A file that is no Python 3 (packages have such) is told, and is no failure. */
async function compile(python: string, sources: readonly string[], to: string): Promise<void> {
  const how = ['-m', 'compileall', '-q', '-j', '0', '--invalidation-mode', 'unchecked-hash', '-i', '-'];
  const compiling = run(python, how, {
    env: { ...process.env, PYTHONPYCACHEPREFIX: to },
    maxBuffer: 1 << 26,
  });
  compiling.child.stdin?.end(sources.join('\n'));
  await compiling.catch(() => undefined);
}

/** Python with the packages of a folder's requirements.txt, compiled. They lie where they lie here. */
export async function pythonPackages(from: string = join(programs, 'python')): Promise<{
  readonly files: readonly TreeEntry[];
  readonly packages: string;
}> {
  const python = await providePython(from);
  const ask = "import sysconfig; print(sysconfig.get_path('purelib'))";
  const packages = (await run(python, ['-c', ask])).stdout.trim();
  const own = await directoryEntries(packages, packages, (path) => !unused.test(path));
  const libraries = own.filter(({ path }) => path.endsWith('.so')).map(({ path }) => `/${path}`);
  const needed = await Promise.all(libraries.map((path) => programEntries(path)));
  const files = [...(await pythonFiles()), ...needed.flat(), ...own];
  const sources = files.filter(({ path }) => path.endsWith('.py')).map(({ path }) => `/${path}`);
  const { stdout: version } = await run(python, ['-VV']);
  const compiled = await kept('pyc', [version, ...sources], (to) => compile(python, sources, to));
  return { packages, files: [...files, ...(await directoryEntries(compiled, pythonCache))] };
}
