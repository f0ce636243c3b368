/** A session without a gateway behind it: a socket that remembers, and an exchange that answers what the test says. */
import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Downstream, RequestReader } from '../../../egress/session/downstream.ts';
import { Http1Session } from '../../../egress/session/http1-session.ts';

class Wire extends Duplex {
  sent = '';

  override _read(): void {
    // The test pushes.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.sent += chunk.toString('latin1');
    done();
  }
}

/** Answers each request in two chunks, at once. */
function answering(downstream: Downstream): RequestReader {
  const nothing = (): void => undefined;
  return {
    start: nothing,
    data: () => true,
    end: () => {
      downstream.respond({ status: 200, reason: 'OK', fields: [], bodyLength: undefined });
      downstream.write(Buffer.from('one'));
      downstream.write(Buffer.from('two'));
      downstream.end([]);
    },
    aborted: nothing,
    drained: nothing,
    tick: nothing,
    revalidate: nothing,
  };
}

function open(): { wire: Wire; session: Http1Session } {
  const wire = new Wire();
  const onMalformed = (message: string): void => {
    throw new Error(message);
  };
  const onBroken = (error: unknown): void => {
    throw error;
  };
  const options = { open: answering, onMalformed, now: () => 0, halfCloses: true, onBroken };
  return { wire, session: new Http1Session(wire, { ...options, breakOff: () => wire.destroy() }) };
}

const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n';

test.each<[string, (wire: Wire, session: Http1Session) => void]>([
  ['nobody closes', () => undefined],
  ['the gateway drains', (_wire, session) => session.drain(true)],
  ['the agent half-closes', (wire) => wire.push(null)],
])('an answer is whole where it ends in the turn in which %s', async (_name, closes) => {
  const { wire, session } = open();
  wire.on('data', () => closes(wire, session));
  wire.push(request);
  await turn();
  await turn();
  expect(wire.sent).toBe(answer);
});

test('two answers of one turn stay in order', async () => {
  const { wire } = open();
  wire.push(request + request);
  await turn();
  await turn();
  expect(wire.sent).toBe(answer + answer);
});

test('100 Continue never overtakes the end of the answer before it', async () => {
  const { wire } = open();
  wire.push(`${request}POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx`);
  await turn();
  await turn();
  expect(wire.sent.startsWith(answer)).toBe(true);
});
