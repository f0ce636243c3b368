/**
 * Installed npm packages with what they depend on, as files of an image: for the packages a bundle leaves out because
 * they have native parts. Apart because it reads package.json files and decides what of a package is needed to run it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { ClrkError } from '../../contract/index.ts';
import { directoryEntries } from './rootfs-image.ts';
import { programEntries } from './shared-libraries.ts';
import type { TreeEntry } from './tree-entry.ts';

const dependencies = Type.Optional(Type.Record(Type.String(), Type.String()));
const packageSchema = Type.Object({ dependencies, optionalDependencies: dependencies });

/** Types, maps, documents, and binaries for another C library than Node's own; licences stay. */
const notRun = /\.(?:[cm]?ts|map|md|h|hh|cc|py)$|(?:^|\/)(?:node_modules|musl_[^/]*|llms[^/]*\.txt)$/i;
const native = /\.(?:node|so)$/;

async function readPackage(directory: string): Promise<Static<typeof packageSchema> | undefined> {
  const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const value: unknown = JSON.parse(text);
  return Value.Check(packageSchema, value) ? value : {};
}

/** Names of the packages and of all they need; an optional one that is not installed is for another machine. */
async function closure(modules: string, names: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  const waiting = names.map((name) => ({ name, optional: false }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { name, optional } = next;
    if (found.has(name)) continue;
    const manifest = await readPackage(join(modules, name));
    if (manifest === undefined && optional) continue;
    if (manifest === undefined)
      throw new ClrkError('IMAGE_BUILD_FAILED', `the package ${name} is not installed in ${modules}`, {
        hint: 'Run `npm ci` in the clone.',
      });
    found.add(name);
    for (const each of Object.keys(manifest.dependencies ?? {}))
      waiting.push({ name: each, optional: false });
    for (const each of Object.keys(manifest.optionalDependencies ?? {}))
      waiting.push({ name: each, optional: true });
  }
  return [...found].sort();
}

/** The packages below `at/node_modules`, and the system's libraries that their native parts are linked to. */
export async function packageFiles(
  modules: string,
  names: readonly string[],
  at: string,
): Promise<readonly TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const name of await closure(modules, names)) {
    const place = `${at}/node_modules/${name}`;
    const files = await directoryEntries(join(modules, name), place, (path) => !notRun.test(path));
    entries.push(...files);
    for (const file of files) {
      if (file.kind !== 'copy' || !native.test(file.path)) continue;
      const [, ...libraries] = await programEntries(file.source);
      // A library of the package's own, found beside it ($ORIGIN), is there already.
      entries.push(...libraries.filter((each) => each.kind !== 'copy' || !each.source.startsWith(modules)));
    }
  }
  return entries;
}
