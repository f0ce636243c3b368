/**
 * Streams a sandbox's stdout to the caller: a flush per chunk, back-pressure into the agent, bounded memory. The
 * status line goes out with the first byte; until then the outcome may still choose another one.
 */
import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { header } from '../../contract/index.ts';

export interface StreamedOutput {
  readonly bytes: number;
}

/** Trailers that tell what the status line could not. */
export const outcomeTrailers = [header.exitCode, header.errorCode] as const;

function writable(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.once('drain', done);
    response.once('close', done);
  });
}

/** Ends when the sandbox's stdout ends. A caller that left only stops the copying. */
export async function streamOutput(
  stdout: Readable,
  response: ServerResponse,
  onChunk: (chunk: Buffer) => void,
): Promise<StreamedOutput> {
  let bytes = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    onChunk(chunk);
    if (response.destroyed || response.writableEnded) continue;
    if (!response.headersSent) {
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        trailer: outcomeTrailers.join(', '),
      });
    }
    bytes += chunk.length;
    if (!response.write(chunk)) await writable(response);
  }
  return { bytes };
}

/** All of it, or undefined when it is over the limit (the rest is read and dropped, so that the agent can end). */
export async function collectOutput(
  stdout: Readable,
  limit: number,
  onChunk: (chunk: Buffer) => void,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    onChunk(chunk);
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= limit ? Buffer.concat(chunks, size) : undefined;
}
