/** A process that stands still and is killed: it is told as ended, and takes the connections it was given. */
import { createServer, connect, type AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { startMember } from '../../../egress/processes/start-member.ts';

const [, program = ''] = process.argv;
afterEach(() => void (process.argv[1] = program));

test('S54: connections on the way to a process that reads nothing are closed when it is killed, and its end is told', async () => {
  process.argv[1] = new URL('deaf-member.mjs', import.meta.url).pathname;
  const heard = vi.fn();
  const ended = vi.fn();
  const hands = startMember({ environment: process.env, number: 1, processes: 2, hear: heard, ended });
  await vi.waitFor(() => expect(heard).toHaveBeenCalled(), { timeout: 20_000 });
  let given = 0;
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    given += 1;
    hands.send({ kind: 'socket' }, socket);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const closed = vi.fn();
  for (let index = 0; index < 5; index += 1) {
    const agent = connect((server.address() as AddressInfo).port, '127.0.0.1');
    agent.on('error', () => undefined);
    agent.resume();
    agent.on('close', closed);
  }
  await vi.waitFor(() => expect(given).toBe(5), { timeout: 20_000 });
  expect(closed).not.toHaveBeenCalled();
  hands.kill();
  await vi.waitFor(() => expect(ended).toHaveBeenCalledExactlyOnceWith('exit SIGKILL'), { timeout: 10_000 });
  await vi.waitFor(() => expect(closed).toHaveBeenCalledTimes(5), { timeout: 10_000 });
  server.close();
}, 60_000);
