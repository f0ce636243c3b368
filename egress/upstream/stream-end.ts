/**
 * Did the peer say that this was all? node tells the end of a stream (`end`) also when the stream was reset or its connection
 * is gone, so a cut body would look whole. Apart because both sides of HTTP/2 ask the same (RFC 9113 8.1).
 */
import type { Http2Stream } from 'node:http2';

interface Ending {
  /** True once END_STREAM was received. */
  readonly isWhole: () => boolean;
}

/**
 * Watches a stream from now on. `endedBefore`: its head had END_STREAM. node pushes the end into the stream before it calls the
 * stream closed when END_STREAM came, and after that when the stream was reset, whatever the code.
 */
export function watchEnd(stream: Http2Stream, endedBefore: boolean): Ending {
  let whole = endedBefore;
  const push = stream.push.bind(stream);
  stream.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null && !stream.closed && !stream.destroyed) whole = true;
    return push(chunk, encoding);
  };
  return { isWhole: () => whole };
}
