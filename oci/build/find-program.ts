/** Where a program of this machine lies. Apart because the platform's and the examples' images both ask. */
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The program on this machine; the system's own before what PATH adds. */
export async function findProgram(name: string): Promise<string | undefined> {
  const system = ['/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  for (const directory of [...system, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    const path = join(directory, name);
    if (directory.startsWith('/') && (await isExecutable(path))) return path;
  }
  return undefined;
}
