/** What reaches the socket, and when: a fake sink stands for it, the turns of the event loop are real. */
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Http1Writer } from '../../egress/http1-writer.ts';
import { createField, type Framing } from '../../egress/http1/index.ts';

/** Like a socket: what is written while it is corked leaves when it no longer is. */
class Sink {
  readonly sent: string[] = [];
  #corked = 0;
  #waiting = '';

  write(chunk: Buffer | string): boolean {
    this.#waiting += chunk.toString('latin1');
    if (this.#corked === 0) this.#send();
    return true;
  }

  cork(): void {
    this.#corked += 1;
  }

  uncork(): void {
    this.#corked -= 1;
    if (this.#corked === 0) this.#send();
  }

  #send(): void {
    if (this.#waiting !== '') this.sent.push(this.#waiting);
    this.#waiting = '';
  }
}

test('head and body leave in one piece at the end of the turn, and later parts at the end of theirs', async () => {
  const sink = new Sink();
  const writer = new Http1Writer(sink);
  writer.start('HEAD\r\n\r\n', { kind: 'length', length: 6 });
  writer.write(Buffer.from('one'));
  expect(sink.sent).toEqual([]);
  await turn();
  expect(sink.sent).toEqual(['HEAD\r\n\r\none']);
  writer.write(Buffer.from('two'));
  writer.end([]);
  await turn();
  expect(sink.sent).toEqual(['HEAD\r\n\r\none', 'two']);
});

test('a head without a body leaves in its turn; a message without a body drops bytes', async () => {
  const sink = new Sink();
  const writer = new Http1Writer(sink);
  writer.start('HEAD\r\n\r\n', { kind: 'none' });
  expect(writer.write(Buffer.from('bytes of an answer to HEAD'))).toBe(true);
  writer.end([createField('x-late', '1')]);
  await turn();
  expect(sink.sent).toEqual(['HEAD\r\n\r\n']);
});

test('nothing is left here after flush: the socket may be ended or handed on', () => {
  const sink = new Sink();
  const writer = new Http1Writer(sink);
  writer.start('HEAD\r\n\r\n', { kind: 'chunked' });
  writer.write(Buffer.from('x'));
  writer.end([createField('x-late', '1')]);
  writer.flush();
  sink.uncork();
  expect(sink.sent).toEqual(['HEAD\r\n\r\n1\r\nx\r\n0\r\nx-late: 1\r\n\r\n']);
});

const framings: readonly Framing[] = [{ kind: 'length', length: 1 }, { kind: 'chunked' }, { kind: 'close' }];
const step = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 20_000 }) },
  { weight: 1, arbitrary: fc.constant('turn' as const) },
);

/** What one message is on the wire. */
function rendered(head: string, framing: Framing, bodies: readonly string[]): string {
  if (framing.kind !== 'chunked') return head + bodies.join('');
  const chunks = bodies
    .filter((each) => each !== '')
    .map((each) => `${each.length.toString(16)}\r\n${each}\r\n`);
  return `${head}${chunks.join('')}0\r\n\r\n`;
}

test('however messages fall into turns, the bytes are the same and none stays behind', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(2), fc.array(step, { maxLength: 6 })), { minLength: 1, maxLength: 4 }),
      async (messages) => {
        const sink = new Sink();
        const writer = new Http1Writer(sink);
        let expected = '';
        for (const [index, [kind, steps]] of messages.entries()) {
          const framing = framings[kind] ?? { kind: 'chunked' };
          const head = `HEAD ${index}\r\n\r\n`;
          writer.start(head, framing);
          const bodies: string[] = [];
          for (const each of steps) {
            if (each === 'turn') await turn();
            else {
              bodies.push(String(index).repeat(each));
              writer.write(Buffer.from(bodies.at(-1) ?? ''));
            }
          }
          writer.end([]);
          expected += rendered(head, framing, bodies);
        }
        await turn();
        expect(sink.sent.join('')).toBe(expected);
      },
    ),
    { numRuns: 200 },
  );
});
