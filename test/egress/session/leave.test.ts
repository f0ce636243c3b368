/** A gateway that is told to stop, as agents see it: it takes what comes for a while, and no connection breaks with a call on its way. */
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openGatewayBed, until, type GatewayBed } from '../gateway-bed.ts';
import { createConfig } from '../gateway-config.ts';
import { json, serveHttp1 } from '../http1-upstream.ts';
import { chat } from './conversation.ts';

let bed: GatewayBed;

// Whoever leaves does not come back: each test has a gateway of its own.
beforeEach(async () => {
  bed = await openGatewayBed({ serve: serveHttp1([], () => json(200, { ok: true })) });
  bed.configure((ip, port) => createConfig(ip, port));
});
afterEach(() => bed.close());

async function ask(socket: TLSSocket): Promise<string> {
  let text = '';
  const read = (chunk: Buffer): void => void (text += chunk.toString('latin1'));
  socket.on('data', read);
  socket.write(chat('gpt-4o'));
  await until(() => /\r\n\r\n.*\}$/s.test(text), 'an answer');
  socket.off('data', read);
  return text;
}

const lastOne = /^HTTP\/1\.1 200 [^]*\r\nconnection: close\r\n/i;

test('a kept connection has one more answer, and ends with it', async () => {
  const socket = await bed.dial('api.openai.com');
  expect(await ask(socket)).not.toMatch(lastOne);
  bed.core.leave();
  const ended = once(socket, 'end');
  expect(await ask(socket)).toMatch(lastOne);
  await ended;
});

test('a connection that comes is taken, for one call', async () => {
  bed.core.leave();
  expect(await ask(await bed.dial('api.openai.com'))).toMatch(lastOne);
});

test('one that has said nothing yet is not closed before it has', async () => {
  const socket = await bed.connect();
  await until(() => bed.core.connections === 1, 'a connection');
  socket.resume();
  bed.core.leave();
  // What would end it has had its turns when another was served.
  await ask(await bed.dial('api.openai.com'));
  expect([socket.readableEnded, socket.destroyed]).toEqual([false, false]);
  await bed.core.drain(0, () => Promise.resolve());
  socket.destroy();
});
