/** Reads a request body up to the contract's bound and no byte further. */
import type { IncomingMessage } from 'node:http';
import { maxRequestBodyBytes } from '../../contract/index.ts';
import { DispatchError } from './dispatch-error.ts';

function tooLarge(): DispatchError {
  return new DispatchError(
    'BODY_TOO_LARGE',
    `the request body is over ${maxRequestBodyBytes} bytes`,
    'Send less, or a reference to where the data is.',
  );
}

/** Throws BODY_TOO_LARGE, or BAD_REQUEST when the caller goes away in the middle. */
export async function readBody(
  request: IncomingMessage,
  limit: number = maxRequestBodyBytes,
): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof DispatchError) throw error;
    throw new DispatchError('BAD_REQUEST', 'the request body ended early', 'Send the whole body.');
  }
  return Buffer.concat(chunks, size);
}
