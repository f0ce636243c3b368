/**
 * Finds or makes one pinned tool: PATH (same version) → cache → the publisher's download, checked against the
 * publisher's checksum file → `go build` of the pinned module, which the Go checksum database vouches for.
 * Plain JavaScript, because it runs beside `npm ci`. It must never run or keep a binary that nothing vouched for.
 */
import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { access, chmod, constants, mkdir, rename, rm } from 'node:fs/promises';
import { get } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
// A publisher that cannot be reached must cost seconds, since `go build` is waiting; a slow one may take its time.
const connectTimeoutMs = 3_000;
const idleTimeoutMs = 20_000;
// The largest tool has 102 MB, its archive less.
const maxDownloadBytes = 400 * 1024 * 1024;
const maxSumBytes = 256 * 1024;
// Measured: 3 min 20 s for the API server on two cores; several builds share them.
const buildTimeoutMs = 45 * 60 * 1000;

/** @returns {string} */
export function defaultCacheRoot() {
  const override = process.env['CLRK_CACHE'];
  return override === undefined || override === '' ? join(homedir(), '.cache', 'clrk') : override;
}

/** @param {import('./tool-table.mjs').Tool} tool @param {string} [cacheRoot] */
export function cachedToolPath(tool, cacheRoot = defaultCacheRoot()) {
  return join(cacheRoot, 'tools', tool.name, tool.version, tool.name);
}

/** The checksum of `file` in a publisher's list (`<hex>  name` lines, or the bare digest). */
export function checksumIn(/** @type {string} */ list, /** @type {string} */ file) {
  const lines = list.split('\n').map((line) => line.trim().split(/\s+/));
  const named = lines.find(([, name]) => name !== undefined && name.replace(/^[*.]?\/?/, '') === file);
  const bare = lines.length <= 2 && lines[0]?.length === 1 ? lines[0] : undefined;
  const digest = (named ?? bare)?.[0]?.toLowerCase();
  return digest !== undefined && /^[0-9a-f]{64,128}$/.test(digest) ? digest : undefined;
}

/** @param {string} path */
async function executable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** @param {import('./tool-table.mjs').Tool} tool */
async function findInPath(tool) {
  if (tool.versionArgs === undefined) return undefined;
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const path of folders.map((folder) => join(folder, tool.name)).filter((path) => existsSync(path))) {
    const answer = await run(path, [...tool.versionArgs], { timeout: 5_000 }).catch(() => ({
      stdout: '',
      stderr: '',
    }));
    if (namesVersion(answer.stdout + answer.stderr, tool.version)) return path;
  }
  return undefined;
}

/** Whether a program's answer names exactly this version (`1.34.2`, not `1.34.20`). */
export function namesVersion(/** @type {string} */ text, /** @type {string} */ version) {
  return new RegExp(`(^|[^0-9.])${version.replaceAll('.', '\\.')}($|[^0-9.])`).test(
    text.replaceAll('v', ' '),
  );
}

/** @param {string} url @param {number} redirects @returns {Promise<import('node:http').IncomingMessage>} */
function open(url, redirects = 5) {
  return new Promise((resolve, reject) => {
    const request = get(url, { timeout: idleTimeoutMs }, (response) => {
      clearTimeout(deadline);
      const { statusCode = 0, headers } = response;
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        response.resume();
        const next = new URL(headers.location, url);
        if (redirects === 0 || next.protocol !== 'https:') reject(new Error(`${url}: refused redirect`));
        else open(next.href, redirects - 1).then(resolve, reject);
      } else if (statusCode === 200) resolve(response);
      else {
        response.resume();
        reject(new Error(`${url}: HTTP ${statusCode}`));
      }
    });
    const deadline = setTimeout(() => request.destroy(new Error(`${url}: no answer`)), connectTimeoutMs);
    request.on('timeout', () => request.destroy(new Error(`${url}: stalled`)));
    request.on('error', (error) => {
      clearTimeout(deadline);
      reject(error instanceof Error ? error : new Error(String(error)));
    });
  });
}

/** @param {AsyncIterable<Buffer>} source @param {number} limit */
async function* bounded(source, limit) {
  let seen = 0;
  for await (const chunk of source) {
    seen += chunk.length;
    if (seen > limit) throw new Error(`download is larger than ${limit} bytes`);
    yield chunk;
  }
}

/** @param {string} url */
async function readText(url) {
  const chunks = [];
  for await (const chunk of bounded(await open(url), maxSumBytes)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** @param {string} path @param {string} kind */
async function hashFile(path, kind) {
  const hash = createHash(kind);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** @param {import('./tool-table.mjs').Download} source @param {string} temporary */
async function download(source, temporary) {
  const file = new URL(source.url).pathname.split('/').at(-1) ?? '';
  const expected = checksumIn(await readText(source.sum), file);
  if (expected === undefined) throw new Error(`${source.sum} has no checksum for ${file}`);
  const target = source.archive === undefined ? temporary : `${temporary}.tar.gz`;
  try {
    await pipeline(bounded(await open(source.url), maxDownloadBytes), createWriteStream(target));
    if ((await hashFile(target, source.sumKind)) !== expected)
      throw new Error(`${source.url}: checksum differs`);
    if (source.archive === undefined) return;
    const folder = `${temporary}.d`;
    await mkdir(folder);
    await run('tar', ['-xzf', target, '-C', folder, source.archive]);
    await rename(join(folder, source.archive), temporary);
  } finally {
    if (source.archive !== undefined) {
      await rm(target, { force: true });
      await rm(`${temporary}.d`, { recursive: true, force: true });
    }
  }
}

/** @param {import('./tool-table.mjs').Tool} tool @param {string} temporary @returns {Promise<void>} */
function goBuild(tool, temporary) {
  // In a bundle (`build/clrk.mjs`) this file's own folder is `build/`.
  const here = dirname(fileURLToPath(import.meta.url));
  const beside = join(here, 'modules');
  const cwd = join(existsSync(beside) ? beside : join(here, '..', 'local', 'tools', 'modules'), tool.module);
  const args = ['build', '-mod=readonly', '-trimpath', '-ldflags', `-s -w ${tool.ldflags}`.trim()];
  return new Promise((resolve, reject) => {
    const child = spawn('go', [...args, '-o', temporary, tool.goPackage], {
      cwd,
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOWORK: 'off' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: buildTimeoutMs,
    });
    let tail = '';
    child.stderr.on('data', (chunk) => (tail = (tail + String(chunk)).slice(-2_000)));
    child.on('error', (error) => reject(new Error(`go cannot be run: ${error.message}`)));
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`go build failed: ${tail.trim().split('\n').at(-1) ?? ''}`)),
    );
  });
}

/** Go builds use every core by themselves; two at a time keep both cores busy while one links. */
let running = 0;
/** @type {(() => void)[]} */
const waiting = [];
/** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
async function oneOfTwo(work) {
  if (running >= 2) await new Promise((resolve) => waiting.push(() => resolve(undefined)));
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/**
 * The path of the tool, made when it is nowhere. `onStep` hears what is being done.
 * @param {import('./tool-table.mjs').Tool} tool
 * @param {{ cacheRoot?: string, onStep?: (step: string) => void, usePath?: boolean }} [options]
 * @returns {Promise<{ path: string, from: 'path' | 'cache' | 'download' | 'build' }>}
 */
export async function provideTool(tool, options = {}) {
  const { cacheRoot = defaultCacheRoot(), onStep = () => {}, usePath = true } = options;
  const cached = cachedToolPath(tool, cacheRoot);
  const found = usePath ? await findInPath(tool) : undefined;
  if (found !== undefined) return { path: found, from: 'path' };
  if (await executable(cached)) return { path: cached, from: 'cache' };
  await mkdir(dirname(cached), { recursive: true });
  const temporary = `${cached}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    const from = await make(tool, temporary, onStep);
    await chmod(temporary, 0o755);
    await rename(temporary, cached);
    return { path: cached, from };
  } finally {
    await rm(temporary, { force: true });
  }
}

/** @param {import('./tool-table.mjs').Tool} tool @param {string} temporary @param {(step: string) => void} onStep */
async function make(tool, temporary, onStep) {
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  onStep('downloading');
  const refused = await download(tool.download(arch), temporary).then(
    () => undefined,
    (error) => (error instanceof Error ? error.message : String(error)),
  );
  if (refused === undefined) return /** @type {const} */ ('download');
  onStep(`building with go (no download: ${refused})`);
  await oneOfTwo(async () => {
    onStep('building with go');
    await goBuild(tool, temporary);
  });
  return /** @type {const} */ ('build');
}
