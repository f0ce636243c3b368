/**
 * `cli/main.ts` and all it imports as `build/clrk.mjs` with lazily loaded chunks beside it: platform processes start
 * from it in a fraction of the time a loader would take. Rebuilt only when a source changed. Packages with native parts
 * stay outside.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root } from './bootstrap.mjs';

const folder = join(root, 'build');
export const bundle = join(folder, 'clrk.mjs');
const stampPath = join(folder, 'clrk.stamp.json');
// Chunks of an older build may still be loaded by a platform that runs; a day later none does.
const chunkLifeMs = 24 * 60 * 60 * 1000;

const external = ['koffi', 'chdb', '@chdb/*', 'esbuild', 'cdk8s', 'cdk8s-plus-28', 'constructs'];
// CommonJS packages inside an ES module need a `require` and the two path names.
const banner = [
  "import { createRequire as clrkCreateRequire } from 'node:module';",
  "import { fileURLToPath as clrkFileUrlToPath } from 'node:url';",
  'const require = clrkCreateRequire(import.meta.url);',
  'const __filename = clrkFileUrlToPath(import.meta.url);',
  "const __dirname = clrkFileUrlToPath(new URL('.', import.meta.url)).replace(/\\/$/, '');",
].join('\n');

function lockDigest() {
  const own = readFileSync(new URL(import.meta.url));
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .update(own)
    .digest('hex');
}

/** Size and time of a source; undefined when it is gone. */
function mark(path) {
  const entry = statSync(join(root, path), { throwIfNoEntry: false });
  return entry === undefined ? undefined : `${entry.size}:${entry.mtimeMs}`;
}

function isCurrent() {
  if (!existsSync(stampPath) || !existsSync(bundle)) return false;
  const { lock, inputs } = JSON.parse(readFileSync(stampPath, 'utf8'));
  return lock === lockDigest() && Object.entries(inputs).every(([path, was]) => mark(path) === was);
}

function prune(current) {
  for (const name of readdirSync(folder)) {
    if (!/^chunk-.*\.mjs(\.map)?$/.test(name) || current.has(name)) continue;
    if (Date.now() - statSync(join(folder, name)).mtimeMs > chunkLifeMs)
      rmSync(join(folder, name), { force: true });
  }
}

/** How `cli/main.ts` becomes a program, for the one of this clone and for the one that is packed. */
export const bundleOptions = {
  absWorkingDir: root,
  entryPoints: { clrk: 'cli/main.ts' },
  outExtension: { '.js': '.mjs' },
  chunkNames: 'chunk-[name]-[hash]',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // A process keeps the text of what it loads: half of it for no cost. Names stay, so that stacks can be read without a map.
  minifyWhitespace: true,
  minifySyntax: true,
  external,
  banner: { js: banner },
  metafile: true,
  write: false,
  logLevel: 'silent',
};

/** @returns {Promise<string>} what was done */
export async function provideBundle() {
  if (isCurrent()) return 'up to date';
  mkdirSync(folder, { recursive: true });
  const { build } = await import('esbuild');
  const result = await build({
    ...bundleOptions,
    outdir: 'build',
    sourcemap: true,
    sourcesContent: false,
  });
  const outputs = new Set(result.outputFiles.map(({ path }) => path.slice(folder.length + 1)));
  // Chunks before the entry, each in one step: a process that starts meanwhile finds the old program or the new one.
  const entryLast = result.outputFiles.toSorted(
    (a, b) => Number(a.path === bundle) - Number(b.path === bundle),
  );
  for (const { path, contents } of entryLast) {
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
  }
  const own = Object.keys(result.metafile.inputs).filter((path) => !path.startsWith('node_modules/'));
  const inputs = Object.fromEntries(own.map((path) => [path, mark(path)]));
  writeFileSync(stampPath, JSON.stringify({ lock: lockDigest(), inputs }));
  prune(outputs);
  return 'built';
}
