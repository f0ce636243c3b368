/** What an agent answered, its body to stdout as it comes; what is to be made of it is run-verdict.ts. */
import { header, TerminalStream } from '../../contract/index.ts';
import { print, type Io } from '../io.ts';
import type { Answer } from '../run-verdict.ts';
import { readText, type ApiResponse } from './cluster.ts';

const maxErrorBytes = 64 * 1024;

export async function readAnswer(io: Io, response: ApiResponse): Promise<Answer> {
  const base = {
    status: response.status,
    errorCode: String(response.headers[header.errorCode] ?? ''),
  };
  if (response.status >= 400) {
    const message = await readText(response.body, maxErrorBytes).catch(() => '');
    return { ...base, complete: true, exitCode: String(response.headers[header.exitCode] ?? ''), message };
  }
  const complete = await streamBody(io, response);
  const exit = response.body.trailers[header.exitCode] ?? response.headers[header.exitCode];
  return { ...base, complete, exitCode: String(exit ?? ''), message: '' };
}

/** On a terminal an agent's bytes are shown, not obeyed; a file or a pipe gets them as they are. */
async function streamBody(io: Io, response: ApiResponse): Promise<boolean> {
  const terminal = io.stdoutIsTerminal ? new TerminalStream() : undefined;
  try {
    for await (const chunk of response.body as AsyncIterable<Buffer>)
      await printChunk(io, terminal?.push(chunk) ?? chunk);
    if (terminal !== undefined) await printChunk(io, terminal.end());
    return response.body.complete;
  } catch {
    // Cut off on the way: the record knows how it ended.
    return false;
  }
}

async function printChunk(io: Io, chunk: Buffer | string): Promise<void> {
  if (io.stdout.destroyed || io.stdout.write(chunk)) return;
  await print(io, '');
}
