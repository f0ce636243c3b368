/** How an answer is sent: in pieces, at its pace, to its end or not. Apart from what it says. */
import type { Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pace, ProviderReply } from './exchange.ts';

/** Cuts the answer as a crash would: no end of body, no end of stream. */
export function cut(response: Http2ServerResponse): void {
  const h1 = (response as unknown as { socket: Socket | null }).socket;
  if ('stream' in response && response.stream !== undefined) response.stream.close(2);
  else h1?.destroy();
}

function lengthOf({ chunks }: ProviderReply, { abortAfterChunks }: Pace): Record<string, string> {
  const [only = ''] = chunks;
  return chunks.length === 1 && abortAfterChunks === undefined
    ? { 'content-length': String(Buffer.byteLength(only)) }
    : {};
}

/** Ends when it is sent, or when nobody takes it any more: false. */
export async function send(
  response: Http2ServerResponse,
  reply: ProviderReply,
  pace: Pace,
): Promise<boolean> {
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  if (pace.delayMs !== undefined) await Promise.race([delay(pace.delayMs), closed]);
  if (pace.until !== undefined) await Promise.race([pace.until, closed]);
  if (isGone(response)) return false;
  response.writeHead(reply.status, {
    'content-type': reply.contentType,
    ...reply.headers,
    ...lengthOf(reply, pace),
  });
  for (const [index, chunk] of reply.chunks.entries()) {
    if (index === pace.abortAfterChunks) break;
    if (index > 0 && pace.chunkDelayMs !== undefined) await Promise.race([delay(pace.chunkDelayMs), closed]);
    if (isGone(response)) return false;
    // Each chunk leaves as a packet of its own, so that readers meet real boundaries.
    const flushed = new Promise<void>((resolve) => response.write(chunk, () => resolve()));
    await Promise.race([flushed, closed]);
  }
  if (pace.abortAfterChunks === undefined) response.end();
  else cut(response);
  return true;
}

function isGone(response: Http2ServerResponse): boolean {
  const { stream, destroyed } = response as unknown as {
    stream?: { destroyed: boolean };
    destroyed?: boolean;
  };
  return destroyed === true || stream?.destroyed === true;
}
