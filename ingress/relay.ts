/**
 * A worker's answer to the caller as it comes: head, chunks no faster than the caller reads, trailers. Apart from the
 * dispatch because here the only question is whether the answer reached its end.
 */
import type { IncomingMessage, ServerResponse, OutgoingHttpHeaders } from 'node:http';

export type RelayEnd =
  | { readonly kind: 'complete'; readonly bytes: number; readonly trailers: NodeJS.Dict<string> }
  | { readonly kind: 'workerLost'; readonly bytes: number }
  | { readonly kind: 'callerGone'; readonly bytes: number };

export async function relay(
  from: IncomingMessage,
  to: ServerResponse,
  headers: OutgoingHttpHeaders,
): Promise<RelayEnd> {
  let bytes = 0;
  to.writeHead(from.statusCode ?? 502, headers);
  // A streaming agent's caller sees the head before the first chunk.
  to.flushHeaders();
  from.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (!to.write(chunk)) from.pause();
  });
  to.on('drain', () => from.resume());
  return new Promise<RelayEnd>((resolve) => {
    to.once('close', () => {
      if (!to.writableFinished) resolve({ kind: 'callerGone', bytes });
    });
    from.once('end', () => {
      if (Object.keys(from.trailers).length > 0) to.addTrailers(definedOf(from.trailers));
      to.end(() => resolve({ kind: 'complete', bytes, trailers: from.trailers }));
    });
    from.once('error', () => resolve({ kind: 'workerLost', bytes }));
    from.once('close', () => {
      if (!from.complete) resolve({ kind: 'workerLost', bytes });
    });
  });
}

function definedOf(trailers: NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(trailers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
