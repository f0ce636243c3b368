/** What is asked of telemetry: nothing there is an empty answer, nobody to ask is an error with an exit code of its own. */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { exitCodeOf } from '../../../cli/exit-code.ts';
import { header } from '../../../contract/index.ts';
import { findInvocation, findTrace, queryTelemetry } from '../../../local/dev/telemetry-query.ts';

function answering(statusCode: number, text: string, headers: Record<string, string> = {}) {
  const open = (): Promise<IncomingMessage> =>
    Promise.resolve(Object.assign(Readable.from([Buffer.from(text)]), { statusCode, headers }) as never);
  return { open };
}

const refusing = { open: (): Promise<never> => Promise.reject(new Error('connect ECONNREFUSED')) };
const notFound = answering(404, '{}', { [header.errorCode]: 'NOT_FOUND' });
const key = { namespace: 'shop', agent: 'hello', invocation: 'i' };
const soon = { signal: new AbortController().signal, forMs: 10 };

test.each([
  ['rows', answering(200, '{"a":1}\n{"a":2}\n'), [{ a: 1 }, { a: 2 }]],
  ['none', answering(200, ''), []],
  ['no such invocation', notFound, []],
])('%s', async (_name, client, expected) => {
  expect(await queryTelemetry(client, 'secret', '/v1')).toEqual(expected);
});

test.each([
  ['nobody answers', refusing],
  ['the store cannot answer', answering(503, '{"code":"TELEMETRY_UNAVAILABLE"}')],
  ['no telemetry is installed', answering(404, 'services "clrk-telemetry" not found')],
  ['the token is refused', answering(401, '{}')],
])('%s: not known, which is no empty answer, and ends with 3', async (_name, client) => {
  for (const ask of [
    () => queryTelemetry(client, 'secret', '/v1'),
    () => findInvocation(client, 'secret', key, soon),
    () => findTrace(client, 'secret', key, soon),
  ]) {
    const thrown: unknown = await ask().catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code: 'TELEMETRY_UNAVAILABLE' });
    expect(exitCodeOf(thrown)).toBe(3);
  }
});

test('an invocation that telemetry does not have in time is undefined, not an error', async () => {
  expect(await findInvocation(notFound, 'secret', key, soon)).toBeUndefined();
  expect(await findTrace(answering(200, ''), 'secret', key, soon)).toEqual([]);
});
