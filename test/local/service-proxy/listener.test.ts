/** Real sockets on loopback: half-close, turn-taking, refusal. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { ForwardingListener } from '../../../local/service-proxy/listener.ts';

const open: { close: () => unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

async function upstream(handle: (socket: Socket) => void): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true }, handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(server);
  return (server.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listener(ports: readonly number[]): Promise<number> {
  const proxy = new ForwardingListener();
  proxy.endpoints = ports.map((port) => ({ address: '127.0.0.1', port }));
  const port = await freePort();
  await proxy.listen({ address: '127.0.0.1', port });
  open.push(proxy);
  return port;
}

describe('ForwardingListener', () => {
  it('pipes both ways and passes the end of one direction on', async () => {
    const target = await upstream((socket) => {
      // Not `text()`: it destroys the socket at the end of input.
      let said = '';
      socket.on('data', (chunk: Buffer) => (said += chunk.toString()));
      socket.on('end', () => socket.end(`heard ${said}`));
    });
    const client = connect({ host: '127.0.0.1', port: await listener([target]), allowHalfOpen: true });
    client.end('hello');
    expect(await text(client)).toBe('heard hello');
  });

  it('takes endpoints in turn and goes on to the next when one is gone', async () => {
    const one = await upstream((socket) => socket.end('1'));
    const two = await upstream((socket) => socket.end('2'));
    const port = await listener([one, two, await freePort()]);
    const answers: string[] = [];
    for (let call = 0; call < 6; call += 1) answers.push(await text(connect(port, '127.0.0.1')));
    expect(new Set(answers)).toEqual(new Set(['1', '2']));
  });

  it('resets a connection that nobody takes', async () => {
    const client = connect(await listener([]), '127.0.0.1');
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => client.once('error', resolve));
    expect(error.code).toBe('ECONNRESET');
  });
});
