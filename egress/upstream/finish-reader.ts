/**
 * Tells a reader that its answer is whole. A connection forgets its reader before that, so one that throws then would be told nothing
 * more, and its agent would wait for an end that never comes: it is told that the answer failed.
 */
import type { Field } from '../http1/index.ts';
import type { UpstreamReader } from './exchange-port.ts';
import { UpstreamError } from './upstream-error.ts';

export function broken(): UpstreamError {
  return new UpstreamError('UPSTREAM_PROTOCOL', "the upstream's answer cannot be passed on");
}

/** What the reader threw is thrown on, for the connection's boundary to count. */
export function finishReader(reader: UpstreamReader, trailers: readonly Field[]): void {
  try {
    reader.finished(trailers);
  } catch (thrown) {
    reader.failed(broken());
    throw thrown;
  }
}
