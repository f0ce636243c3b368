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
  // Whoever does not read must not hold it longer than the call may last.
  const cut = (): void => to.cut();
  signal?.addEventListener('abort', cut, { once: true });
  let gone = false;
  to.onGone(() => {
    gone = true;
    from.destroy();
  });
  to.begin({ status: from.statusCode ?? 502, headers });
  try {
    const bytes = await copy(from, to);
    if (gone) return { kind: 'callerGone', bytes };
    return { kind: from.complete ? 'complete' : 'workerLost', bytes };
  } finally {
    signal?.removeEventListener('abort', cut);
  }
}

/** Until one side ends or breaks; how many bytes went over. */
async function copy(from: IncomingMessage, to: CallAnswer): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      await to.write(chunk);
    }
  } catch {
    // Which side broke is what the caller of this asks.
  }
  if (from.complete) to.end(definedOf(from.trailers));
  if (to.closed) await to.finished();
  return bytes;
}

function definedOf(trailers: NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(trailers).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
