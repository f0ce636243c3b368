/**
 * What a person sends an agent: bytes from a file or standard input, never more of them read than may be sent, and their type. A pipe
 * or a device has no size to look at first.
 */
import { openSync, readSync, closeSync } from 'node:fs';
import { usageError } from './exit-code.ts';
import { readAll, type Io } from './io.ts';

interface Bound {
  readonly maxBytes: number;
  /** Said when there is more. */
  readonly tooLarge: string;
}

function readUpTo(path: string, most: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const chunks: Buffer[] = [];
    for (let left = most; left > 0;) {
      const chunk = Buffer.alloc(Math.min(left, 1024 * 1024));
      const count = readSync(file, chunk);
      if (count === 0) break;
      chunks.push(chunk.subarray(0, count));
      left -= count;
    }
    return Buffer.concat(chunks);
  } finally {
    closeSync(file);
  }
}

function readFile(path: string, most: number): Buffer {
  try {
    return readUpTo(path, most);
  } catch (cause) {
    throw usageError(`cannot read ${path}: ${(cause as NodeJS.ErrnoException).code ?? 'error'}`);
  }
}

/** Throws USAGE when there is more. */
export function bounded(bytes: Buffer, { maxBytes, tooLarge }: Bound): Buffer {
  if (bytes.length > maxBytes) throw usageError(tooLarge);
  return bytes;
}

/** `-`: standard input. */
export async function readBody(io: Io, path: string, bound: Bound): Promise<Buffer> {
  const { maxBytes, tooLarge } = bound;
  if (path !== '-') return bounded(readFile(path, maxBytes + 1), bound);
  const all = await readAll(io.stdin, maxBytes);
  if (all === undefined) throw usageError(tooLarge);
  return all;
}

/** JSON when it is JSON, else text, so that a literal needs no --content-type. */
export function guessContentType(body: Buffer): string {
  try {
    JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    return 'application/json';
  } catch {
    return body.includes(0) ? 'application/octet-stream' : 'text/plain; charset=utf-8';
  }
}

/** Of nothing there is none. */
export function contentTypeHeader(said: string | undefined, body: Buffer): Readonly<Record<string, string>> {
  if (said === undefined) return body.length === 0 ? {} : { 'content-type': guessContentType(body) };
  if (/^[\x20-\x7e]+$/.test(said)) return { 'content-type': said };
  throw usageError(
    `--content-type ${JSON.stringify(said)} is no content type`,
    'For example application/json.',
  );
}
