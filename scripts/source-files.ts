/**
 * The repository's own source files, as the checks see them. Apart so that every check agrees on what is ours
 * (generated, built and installed files are not). It must never need git: a tarball is linted too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('..', import.meta.url));

const skippedFolders = new Set(['node_modules', 'build', 'dist', 'crds', 'coverage', '.git']);
// L1 constructs are written by `cdk8s import`.
const generatedFolders = new Set(['constructs/imports']);

export interface SourceFile {
  /** From the root, with forward slashes: `contract/hostname.ts`. */
  readonly path: string;
  readonly text: string;
}

function* walk(folder: string, root: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile()) yield path;
    else if (
      entry.isDirectory() &&
      !skippedFolders.has(entry.name) &&
      !generatedFolders.has(relative(root, path))
    ) {
      yield* walk(path, root);
    }
  }
}

/** Every .ts and .mjs file of ours below `root`, sorted by path. */
export function readSourceFiles(root: string = repositoryRoot): readonly SourceFile[] {
  return [...walk(root, root)]
    .filter((path) => /\.(?:ts|mjs)$/.test(path))
    .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Prints each problem and ends the process with 1 when there is one. */
export function report(check: string, problems: readonly string[]): void {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) console.error(`${check}: ${problems.length} problem(s)`);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
