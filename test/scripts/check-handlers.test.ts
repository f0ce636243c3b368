/** Handlers of the gateway: found where they are not in a Boundary, whatever hands them over. */
import { describe, expect, test } from 'vitest';
import { checkHandlers } from '../../scripts/check-handlers.ts';
import { readSourceFiles } from '../../scripts/source-files.ts';

const problems = (text: string, path = 'egress/x.ts'): string[] => checkHandlers([{ path, text }]);

describe('S29: a handler', () => {
  test.each([
    ['of an event', "socket.on('data', (chunk) => this.#read(chunk));"],
    ['of an event, once', "socket.once('end', () => done());"],
    ['that is a function by name', "socket.on('data', read);"],
    ['that is a method', "socket.on('data', this.#read);"],
    ['of a stream in a field', "this.#stream.on('close', () => { this.#count -= 1; });"],
    ['of a promise', 'void work().then((value) => use(value));'],
    ['of a failure', 'work().catch((error) => tell(error));'],
    ['at the end of a chain', 'void work().then(resolve).finally(() => next());'],
    ['of a timer', 'setTimeout(() => this.#late(), 10);'],
    ['of the next turn', 'setImmediate(() => flush());'],
    ['of a microtask', 'queueMicrotask(() => flush());'],
    ['of a PING', 'session.ping((error) => this.#heard(error));'],
    ['beside a guarded one', 'const a = () => { boundary.guard(b); c(); d(); }; socket.on("data", a);'],
  ])('%s is found', (_name, text) => {
    expect(problems(text)).toHaveLength(1);
  });

  test.each([
    ['listens by a Boundary', "this.#boundary.on(socket, 'data', (chunk) => this.#read(chunk));"],
    ['is guarded', "socket.on('data', this.#boundary.guard((chunk) => this.#read(chunk)));"],
    ['was guarded', "const read = boundary.guard((c) => use(c)); socket.on('data', read);"],
    ['was guarded in a field', "this.#onData = this.#boundary.guard(use); socket.on('data', this.#onData);"],
    ['settles by a Boundary', 'boundary.settle(work(), (value) => use(value), (error) => tell(error));'],
    [
      'listens by a function that guards',
      "const on = (s, e, h) => boundary.on(s, e, h); on(socket, 'data', (chunk) => this.#read(chunk));",
    ],
    ['only ends a connection', "socket.on('error', () => socket.destroy());"],
    ['does nothing', "stream.on('error', () => undefined);"],
    ['tells who waits', 'const answer = work().then((found) => sort(found));'],
  ])('that %s is none', (_name, text) => {
    expect(problems(text)).toEqual([]);
  });
});

test('S29: every handler of the gateway that sees foreign bytes is in a Boundary', () => {
  expect(checkHandlers(readSourceFiles())).toEqual([]);
}, 60_000);

test('other folders are left alone', () => {
  expect(problems("socket.on('data', read);", 'worker/x.ts')).toEqual([]);
});
