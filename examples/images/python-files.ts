/**
 * This machine's Python as files of an image: interpreter, standard library, extension modules and their libraries.
 * Apart because of the one question it asks the interpreter.
 */
import { execFile } from 'node:child_process';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ClrkError } from '../../contract/index.ts';
import {
  directoryEntries,
  findProgram,
  programEntries,
  symlinkEntry,
  type TreeEntry,
} from '../../oci/index.ts';

const run = promisify(execFile);

/** Tests, editors, installers and other people's packages: half of the bytes, nothing an agent runs. */
const left =
  /(^|\/)(__pycache__|test|tests|idlelib|tkinter|turtledemo|ensurepip|lib2to3|site-packages|dist-packages|config-[^/]*)$/;

/** Entrypoint of the image. */
export const pythonPath = '/usr/bin/python3';

async function findPython(): Promise<string> {
  const python = await findProgram('python3');
  if (python === undefined)
    throw new ClrkError('IMAGE_BUILD_FAILED', 'this machine has no python3', {
      hint: 'Install it: apt-get install python3.',
    });
  const { stdout } = await run(python, ['-c', 'import sys; print(sys.executable)']);
  return realpath(stdout.trim());
}

export async function pythonFiles(): Promise<readonly TreeEntry[]> {
  const program = await findPython();
  const { stdout } = await run(program, ['-c', "import sysconfig; print(sysconfig.get_path('stdlib'))"]);
  const library = stdout.trim();
  const extensions = (await readdir(join(library, 'lib-dynload'))).filter((name) => name.endsWith('.so'));
  const linked = await Promise.all(
    extensions.map((name) => programEntries(join(library, 'lib-dynload', name)).catch(() => [])),
  );
  return [
    ...(await directoryEntries(library, library, (path) => !left.test(path))),
    ...linked.flat(),
    ...(await programEntries(program)),
    ...(program === pythonPath ? [] : [symlinkEntry(pythonPath, program)]),
  ];
}
