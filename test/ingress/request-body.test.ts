import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { RequestBody } from '../../ingress/request-body.ts';

function incoming(chunks: Iterable<Buffer>, headers: Record<string, string> = {}): IncomingMessage {
  return Object.assign(Readable.from(chunks), { headers }) as unknown as IncomingMessage;
}

class Sink extends Writable {
  readonly parts: Buffer[] = [];
  most = 0;
  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.parts.push(chunk);
    this.most = Math.max(this.most, this.writableLength);
    setImmediate(done);
  }
  get text(): string {
    return Buffer.concat(this.parts).toString();
  }
}

const chunks = (count: number, size = 16 * 1024): Buffer[] =>
  Array.from({ length: count }, () => Buffer.alloc(size, 'x'));

describe('the caller’s body', () => {
  test('a small one can be sent again and again', async () => {
    const body = new RequestBody(incoming([Buffer.from('hel'), Buffer.from('lo')]));
    await body.prefetch();
    for (let round = 0; round < 2; round++) {
      const sink = new Sink();
      await body.sendTo(sink);
      await finished(sink);
      expect([sink.text, body.repeatable, sink.writableEnded]).toEqual(['hello', true, true]);
    }
  });

  test('a large one streams once, no faster than it is taken', async () => {
    const body = new RequestBody(incoming(chunks(100)));
    await body.prefetch();
    expect(body.repeatable).toBe(true);
    const sink = new Sink({ highWaterMark: 16 * 1024 });
    await body.sendTo(sink);
    expect(body.repeatable).toBe(false);
    expect(body.bytes).toBe(100 * 16 * 1024);
    // What was kept, and one chunk more.
    expect(sink.most).toBeLessThanOrEqual(96 * 1024);
  });

  test.each([
    [
      'announced',
      () =>
        Promise.resolve(new RequestBody(incoming([], { 'content-length': '101' }), { limit: 100 })).then(
          () => undefined,
        ),
    ],
    ['kept', () => new RequestBody(incoming(chunks(2, 60)), { limit: 100 }).prefetch()],
    [
      'streamed',
      async () => {
        const body = new RequestBody(incoming(chunks(6)), { limit: 90_000 });
        await body.prefetch();
        await body.sendTo(new Sink());
      },
    ],
  ])('over the limit when %s', async (_name, send) => {
    await expect((async () => send())()).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  test('ends waiting when the worker goes away', async () => {
    const body = new RequestBody(incoming(chunks(100)));
    await body.prefetch();
    const sink = new Writable({ highWaterMark: 1, write: () => undefined });
    setTimeout(() => sink.destroy(), 20);
    await body.sendTo(sink);
    expect(sink.destroyed).toBe(true);
  });
});
