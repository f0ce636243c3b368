/**
 * A blob that is read to its end although connections break: what came is kept, the rest is asked for from there. Apart
 * from the registry's protocol, because it is a loop over attempts and nothing else. Bounded: in silence, in slowness, in
 * attempts. Whether the bytes are right is the digest's to say.
 */
import { ClrkError } from '../contract/index.ts';
import { imageError } from './image-error.ts';
import type { BlobDescriptor } from './image-source.ts';

/** In so long at least so much must come (or the end): a drip holds a place that others wait for. */
const windowMs = 60_000;
const windowBytes = 64 * 1024;
/** Attempts in a row that brought nothing, and attempts in all. */
const maxBarren = 4;
const maxAttempts = 32;

export interface BlobAttempts {
  readonly host: string;
  /** The blob from this byte on: 206, or 200 with all of it. */
  open(from: number): Promise<Response>;
  /** Resolves when the next attempt may be made. */
  pause(attempt: number): Promise<void>;
}

/** Chunks of a body, with a limit on how slowly they may come. */
async function* steadily(body: ReadableStream<Uint8Array>, host: string): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader();
  let timer: NodeJS.Timeout | undefined;
  let came = 0;
  let tooSlow: (reason: Error) => void = () => undefined;
  const slowness = new Promise<never>((_resolve, reject) => (tooSlow = reject));
  slowness.catch(() => undefined);
  const restart = (): void => {
    clearTimeout(timer);
    came = 0;
    timer = setTimeout(
      () => tooSlow(imageError('REGISTRY_UNREACHABLE', `${host} sends next to nothing`)),
      windowMs,
    );
  };
  restart();
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), slowness]);
      if (done) return;
      came += value.byteLength;
      if (came >= windowBytes) restart();
      yield value;
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => undefined);
  }
}

/** Transport errors in the middle of a body, by our code. */
async function* named(chunks: AsyncIterable<Uint8Array>, host: string): AsyncGenerator<Uint8Array, void> {
  try {
    yield* chunks;
  } catch (thrown) {
    if (thrown instanceof Error && (thrown.name === 'ClrkError' || thrown.name === 'AbortError'))
      throw thrown;
    throw imageError('REGISTRY_UNREACHABLE', `${host} broke off in the middle of a download`, thrown);
  }
}

export function readBody(response: Response, host: string): AsyncIterable<Uint8Array> {
  return response.body === null
    ? named(noChunks(), host)
    : named(steadily(response.body as ReadableStream<Uint8Array>, host), host);
}

async function* noChunks(): AsyncGenerator<Uint8Array, void> {
  // An answer without a body.
}

/** How many bytes of the answer are known already. */
function overlap(response: Response, from: number, host: string): number {
  if (response.status !== 206) return from;
  const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (start === undefined || Number(start) > from)
    throw imageError('REGISTRY_REFUSED', `${host} answers with another part of a blob than was asked for`);
  return from - Number(start);
}

/** The bytes of an answer that did not come before. */
async function* freshBytes(response: Response, from: number, host: string): AsyncGenerator<Uint8Array, void> {
  let known = overlap(response, from, host);
  for await (const chunk of readBody(response, host)) {
    const fresh = chunk.subarray(Math.min(known, chunk.byteLength));
    known -= chunk.byteLength - fresh.byteLength;
    if (fresh.byteLength > 0) yield fresh;
  }
}

function unreachable(thrown: unknown): ClrkError {
  if (thrown instanceof ClrkError && thrown.code === 'REGISTRY_UNREACHABLE') return thrown;
  throw thrown;
}

export async function* downloadBlob(
  { size }: BlobDescriptor,
  attempts: BlobAttempts,
  first: Response,
): AsyncGenerator<Uint8Array, void> {
  let received = 0;
  let barren = 0;
  let response: Response | undefined = first;
  for (let attempt = 1; ; attempt++) {
    const before = received;
    let failure: ClrkError | undefined;
    try {
      response ??= await attempts.open(received);
      for await (const fresh of freshBytes(response, received, attempts.host)) {
        received += fresh.byteLength;
        yield fresh;
      }
    } catch (thrown) {
      failure = unreachable(thrown);
    }
    if (received >= size) return;
    barren = received > before ? 0 : barren + 1;
    if (barren >= maxBarren || attempt >= maxAttempts) {
      if (failure !== undefined) throw failure;
      // It ended well, and short: the digest will tell.
      return;
    }
    response = undefined;
    await attempts.pause(barren + 1);
  }
}
