/**
 * Completes package-lock.json after `npm install` on a registry mirror that lacks some platforms' optional packages: npm
 * then leaves them out of the lock, and `npm ci` refuses it everywhere. The entries written here carry the version their
 * parent pins and the platform their name says, so that npm skips them on every other platform without asking for them.
 * Run it by hand (`npx tsx scripts/complete-lock.ts`) after a change of dependencies.
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface Entry {
  version?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
}

const systems = [
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'win32',
  'sunos',
  'aix',
];
const processors = [
  'arm64',
  'x64',
  'ia32',
  'arm',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'loong64',
  'mips64el',
];

const path = 'package-lock.json';
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, Entry> };

function platformEntry(name: string, version: string, dev: boolean | undefined): Entry {
  const words = name.split(/[/-]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((each) =>
    words.some((word) => word === each || (each === 'arm' && word === 'arm')),
  );
  return {
    version,
    ...(dev === true ? { dev } : {}),
    optional: true,
    // A package for no system we can name is for none: an unknown one must not be fetched.
    os: os.length > 0 ? os : ['none'],
    cpu: cpu.length > 0 ? cpu : ['none'],
  };
}

const added: string[] = [];
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] !== undefined) continue;
    lock.packages[key] = platformEntry(name, version, parent.dev);
    added.push(name);
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
process.stdout.write(`${added.length} entries added\n${added.join('\n')}\n`);
