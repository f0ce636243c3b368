/**
 * Every installed dependency must run on the Node we promise (package.json engines), be pinned exactly, and run no
 * install script we did not look at. Many current majors dropped Node 20, and a
 * transitive one that did shows only at a user's first import.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import semver from 'semver';
import { repositoryRoot, report } from './source-files.ts';

export const promisedNode = '20.19.0';

/**
 * Install scripts looked at and not needed: binaries come as optional packages (@google/genai's only says that it does nothing),
 * `npm ci --ignore-scripts` works.
 */
const knownInstallScripts = new Set(['@google/genai', 'chdb', 'esbuild', 'fsevents', 'koffi', 'protobufjs']);

interface LockedPackage {
  readonly version?: string;
  readonly engines?: { readonly node?: string } | readonly string[];
  readonly hasInstallScript?: boolean;
  readonly link?: boolean;
}
export interface Lockfile {
  readonly packages: Readonly<Record<string, LockedPackage>>;
}
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function nodeRange(locked: LockedPackage): string | undefined {
  const { engines } = locked;
  return engines !== undefined && 'node' in engines ? engines.node : undefined;
}

function judge(path: string, locked: LockedPackage): string[] {
  const name = path.replace(/^.*node_modules\//, '');
  const problems: string[] = [];
  const range = nodeRange(locked);
  if (range !== undefined && !semver.satisfies(promisedNode, range)) {
    problems.push(`${name}@${locked.version ?? '?'}: engines.node "${range}" does not admit ${promisedNode}`);
  }
  if (locked.hasInstallScript === true && !knownInstallScripts.has(name)) {
    problems.push(`${name}: has an install script nobody looked at (scripts/check-engines.ts)`);
  }
  return problems;
}

export function checkEngines(lockfile: Lockfile, manifest: Manifest): string[] {
  const direct = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  const loose = direct
    .filter(([, version]) => semver.valid(version) === null)
    .map(([name, version]) => `${name}: "${version}" is a range; pin the exact version`);
  const installed = Object.entries(lockfile.packages).filter(([path]) => path.startsWith('node_modules/'));
  return [...loose, ...installed.flatMap(([path, locked]) => judge(path, locked))];
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(repositoryRoot, name), 'utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  report(
    'engines',
    checkEngines(readJson('package-lock.json') as Lockfile, readJson('package.json') as Manifest),
  );
}
