/**
 * A bundled program as files of an image: its entry and the chunks it can load, found by following its own imports, so
 * that chunks of an older build that still lie beside it stay out. Apart because it is the only place that reads bundles.
 */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ClrkError } from '../../contract/index.ts';
import type { TreeEntry } from './tree-entry.ts';

/** As esbuild writes them, static and dynamic: a name in quotes beside the importing file. */
const siblingImport = /["']\.\/([\w.-]+\.mjs)["']/g;

async function readProgram(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new ClrkError('IMAGE_BUILD_FAILED', `the program ${path} cannot be read`, {
      hint: 'Build it: `npx clrk version` in a clone does.',
      cause,
    });
  });
}

/** Every file of the program, with its source map where it has one, below `at`. */
export async function programFiles(entry: string, at: string): Promise<readonly TreeEntry[]> {
  const folder = dirname(entry);
  const files = new Map<string, Buffer>();
  const waiting = [basename(entry)];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (files.has(name)) continue;
    const content = await readProgram(join(folder, name));
    files.set(name, content);
    for (const [, sibling = ''] of content.toString('utf8').matchAll(siblingImport)) waiting.push(sibling);
  }
  for (const name of [...files.keys()]) {
    const map = await readFile(join(folder, `${name}.map`)).catch(() => undefined);
    if (map !== undefined) files.set(`${name}.map`, map);
  }
  return [...files].map(([name, content]) => ({
    kind: 'file',
    path: `${at}/${name}`,
    mode: 0o644,
    content,
  }));
}
