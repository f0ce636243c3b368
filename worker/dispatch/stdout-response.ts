/**
 * Streams a sandbox's stdout to the caller: a flush per chunk, back-pressure into the agent, bounded memory. The
 * status line goes out with the first byte; until then the outcome may still choose another one.
 */
import type { Readable } from 'node:stream';
import { header } from '../../contract/index.ts';
import type { CallAnswer } from '../../process/index.ts';

export interface StreamedOutput {
  readonly bytes: number;
}

/** Trailers that tell what the status line could not. */
export const outcomeTrailers = [header.exitCode, header.errorCode] as const;

/** Ends when the sandbox's stdout ends. A caller that left only stops the copying. */
export async function streamOutput(
  stdout: Readable,
  answer: CallAnswer,
  onChunk: (chunk: Buffer) => void,
): Promise<StreamedOutput> {
  let bytes = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    onChunk(chunk);
    if (answer.closed) continue;
    if (!answer.begun) {
      const headers = { 'content-type': 'application/octet-stream', trailer: outcomeTrailers.join(', ') };
      answer.begin({ status: 200, headers });
    }
    bytes += chunk.length;
    await answer.write(chunk);
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
