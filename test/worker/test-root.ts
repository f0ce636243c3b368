/** A root file system for sandboxes from this machine's own programs and the libraries they are linked with. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, realpathSync, writeFileSync, chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';

const programs = [
  'bash',
  'sh',
  'cat',
  'ls',
  'sleep',
  'head',
  'dd',
  'env',
  'id',
  'wc',
  'curl',
  'getent',
  'seq',
  'od',
  'touch',
  'grep',
  'date',
];
const nameServiceLibraries = ['libnss_dns.so.2', 'libnss_files.so.2'].map(
  (name) => `/lib/x86_64-linux-gnu/${name}`,
);

function which(program: string): string | undefined {
  return ['/bin', '/usr/bin', '/usr/local/bin'].map((path) => join(path, program)).find(existsSync);
}

function libraries(file: string): readonly string[] {
  return execFileSync('ldd', [file], { encoding: 'utf8' }).match(/\/\S+/g) ?? [];
}

function place(root: string, from: string, to: string): void {
  const target = join(root, to);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(realpathSync(from), target);
  chmodSync(target, 0o755);
}

/** A program of this machine, with what it is linked with, at the path it has here. */
export function placeProgram(root: string, file: string): void {
  place(root, file, file);
  for (const library of libraries(realpathSync(file))) place(root, library, library);
}

/** Builds it under `root`. */
export function buildTestRoot(root: string): void {
  for (const path of ['bin', 'etc/ssl', 'proc', 'sys', 'dev', 'tmp', 'var'])
    mkdirSync(join(root, path), { recursive: true });
  for (const program of programs) {
    const file = which(program);
    if (file === undefined) throw new Error(`the tests need ${program}`);
    place(root, file, join('/bin', program));
    for (const library of libraries(realpathSync(file))) place(root, library, library);
  }
  for (const library of nameServiceLibraries.filter(existsSync)) place(root, library, library);
  writeFileSync(
    join(root, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/sh\nagent:x:1000:1000::/home/agent:/bin/sh\n',
  );
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nagent:x:1000:\n');
  writeFileSync(join(root, 'etc/ssl/cert.pem'), 'public roots\n');
}
