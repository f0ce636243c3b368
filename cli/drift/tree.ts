/** A folder as path to content, and put back as it was. Every entry counts, whatever its name. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** Bytes, one a character; a link is where it leads. */
export type Tree = ReadonlyMap<string, string>;

function paths(folder: string, skipped: ReadonlySet<string>): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (skipped.has(entry.name)) return [];
    return entry.isDirectory() ? paths(path, skipped) : [path];
  });
}

function contentOf(path: string): string {
  const status = lstatSync(path);
  if (status.isSymbolicLink()) return `link to ${readlinkSync(path)}`;
  return status.isFile() ? readFileSync(path, 'latin1') : 'no file';
}

export function readTree(folder: string): Tree {
  if (!existsSync(folder)) return new Map();
  return new Map(paths(folder, new Set()).map((path) => [relative(folder, path), contentOf(path)]));
}

const notOurs = new Set(['node_modules', '.git']);

/** When each file of a project was written last: cheap to compare. */
export function readTimes(folder: string): ReadonlyMap<string, string> {
  return new Map(
    paths(folder, notOurs).map((path) => {
      const { mtimeMs, size } = lstatSync(path);
      return [relative(folder, path), `${mtimeMs} ${size}`];
    }),
  );
}

/** Files as they were; what has come since goes. Links are left: nothing writes through one here. */
export function restoreTree(folder: string, before: Tree): void {
  const now = readTree(folder);
  for (const path of now.keys()) if (!before.has(path)) rmSync(join(folder, path), { force: true });
  for (const [path, content] of before) {
    if (now.get(path) === content || content.startsWith('link to ') || content === 'no file') continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, 'latin1');
  }
}
