/** Python with the packages of a requirements.txt from PyPI, in a virtual environment that is kept in the tools' cache. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defaultCacheRoot } from '../../local/tools/tool-store.mjs';

const run = promisify(execFile);
const directory = join(import.meta.dirname, 'python');

/** The interpreter. Installed once for each list of versions; a half installation is done anew. */
export async function providePython(from: string = directory): Promise<string> {
  const requirements = join(from, 'requirements.txt');
  const { stdout: version } = await run('python3', ['--version']);
  const digest = createHash('sha256').update(readFileSync(requirements)).update(version).digest('hex');
  const venv = join(defaultCacheRoot(), 'python', `sdks-${digest.slice(0, 16)}`);
  const python = join(venv, 'bin/python');
  const mark = join(venv, '.whole');
  if (existsSync(mark)) return python;
  await rm(venv, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', venv]);
  await run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements]);
  writeFileSync(mark, '');
  return python;
}

export function pythonProgram(python: string, name: string): readonly string[] {
  return [python, '-B', join(directory, `${name}.py`)];
}
