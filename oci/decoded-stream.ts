/** Chunks through one of Node's decoders. What fails on either side is thrown to who reads. */
import { Readable, type Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export async function* decodedBy(
  decoder: Duplex,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  const feeding = pipeline(Readable.from(chunks, { objectMode: false }), decoder);
  // Its failure destroys the decoder, which then throws to who reads it.
  feeding.catch(() => undefined);
  yield* decoder as AsyncIterable<Buffer>;
  await feeding;
}
