/**
 * A worker's answer to the caller as it comes: head, chunks no faster than the caller reads, trailers. Apart from the
 * dispatch because here the only question is whether the answer reached its end.
 */
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { CallAnswer } from '../process/index.ts';

export interface RelayEnd {
  readonly kind: 'complete' | 'workerLost' | 'callerGone';
  readonly bytes: number;
}

export async function relay(
  from: IncomingMessage,
  to: CallAnswer,
  headers: OutgoingHttpHeaders,
  signal?: AbortSignal,
): Promise<RelayEnd> {
  let bytes = 0;
  // Whoever does not read must not hold it longer than the call may last.
  const cut = (): void => to.cut();
  signal?.addEventListener('abort', cut, { once: true });
  to.begin({ status: from.statusCode ?? 502, headers });
  let gone = false;
  to.onGone(() => {
    gone = true;
    from.destroy();
  });
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      await to.write(chunk);
    }
    if (from.complete && !gone) {
      to.end(definedOf(from.trailers));
      await to.finished();
    }
  } catch {
    // Which side broke is asked below.
  } finally {
    signal?.removeEventListener('abort', cut);
  }
  if (gone || to.closed !== from.complete) return { kind: 'callerGone', bytes };
  return { kind: from.complete ? 'complete' : 'workerLost', bytes };
}

function definedOf(trailers: NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(trailers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
