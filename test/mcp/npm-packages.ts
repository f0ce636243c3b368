/** Packages of a package-lock.json from npm, in a directory that is kept in the tools' cache: they are no part of the project. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheRoot } from '../../local/tools/tool-store.mjs';

const run = promisify(execFile);
const manifests = join(import.meta.dirname, 'npm');

/**
 * Their node_modules. Installed once for each lock file; a half installation is done anew. No package runs a script. `from`: the
 * folder with the lock file.
 */
export async function provideNpm(from: string = manifests, title = 'mcp'): Promise<string> {
  const lock = readFileSync(join(from, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).update(process.version).digest('hex');
  const directory = join(defaultCacheRoot(), 'npm', `${title}-${digest.slice(0, 16)}`);
  const mark = join(directory, '.whole');
  const modules = join(directory, 'node_modules');
  if (existsSync(mark)) return modules;
  await rm(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const name of ['package.json', 'package-lock.json']) cpSync(join(from, name), join(directory, name));
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: directory });
  writeFileSync(mark, '');
  return modules;
}
