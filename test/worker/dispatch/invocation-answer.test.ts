/** Who is gone and who is merely served: the answer's end seen over a real connection, while the agent still runs. */
import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { httpCall } from '../../../worker/dispatch/call.ts';
import { InvocationAnswer } from '../../../worker/dispatch/invocation-answer.ts';

let server: Server;
let gone: ReturnType<typeof vi.fn<() => void>>;
let closed: Promise<unknown>;
let write: (answer: InvocationAnswer) => void;

beforeEach(async () => {
  gone = vi.fn<() => void>();
  closed = new Promise((resolve) => {
    server = createServer((request, response) => {
      const answer = new InvocationAnswer(httpCall(request, response), Date.now);
      answer.onGone(gone);
      response.once('close', resolve);
      write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const ask = () => get({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, agent: false });

test('a caller who has the whole answer is not gone, though the agent has not ended', async () => {
  write = (answer) => answer.sendWhole({ body: Buffer.from('posted') }, { phase: 'Succeeded' });
  const [response] = (await once(ask(), 'response')) as [NodeJS.ReadableStream];
  response.resume();
  await closed;
  expect(gone).not.toHaveBeenCalled();
});

test('a caller who leaves before the answer is gone', async () => {
  let asked = (): void => undefined;
  const asking = new Promise<void>((resolve) => (asked = resolve));
  write = () => asked();
  const request = ask();
  request.on('error', () => undefined);
  await asking;
  request.destroy();
  await closed;
  expect(gone).toHaveBeenCalledTimes(1);
});
