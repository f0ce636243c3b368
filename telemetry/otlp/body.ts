/**
 * A request body as bytes, bounded on the wire and after decompression. Apart because a bound that is checked in one
 * place only is the classic hole (a small gzip of a large nothing).
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { ClrkError } from '../../contract/index.ts';

const gunzipAsync = promisify(gunzip);

function tooLarge(limit: number): ClrkError {
  return new ClrkError('BODY_TOO_LARGE', `the body is over ${limit} bytes`);
}

async function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let total = 0;
  // Destroying the request would close the socket before the refusal is sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    total += chunk.length;
    if (total > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** Throws BODY_TOO_LARGE or BODY_ENCODING. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new ClrkError('BODY_ENCODING', 'only gzip and identity bodies are taken');
  }
  const raw = await collect(request, limit);
  if (encoding === 'identity') return raw;
  try {
    return await gunzipAsync(raw, { maxOutputLength: limit });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(limit);
    throw new ClrkError('BODY_ENCODING', 'the body is not gzip', { cause });
  }
}
