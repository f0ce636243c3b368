/** A caller of an ingress from an address of its own, whole calls and such as are never finished. */
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { honestCaller, numberAt, type Place, type SharedThing } from '../shared-thing.ts';

export interface Asked {
  readonly path: string;
  readonly from: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** On a connection of its own; its status. */
export function callOnce(place: Place, { path, from, body = 'hello', headers = {} }: Asked): Promise<number> {
  return new Promise((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const outgoing = request(
      {
        ...{ host: '127.0.0.1', port: numberAt(place, 'port'), method: 'POST', path, agent },
        ...{ localAddress: from, headers: { 'content-type': 'application/json', ...headers } },
      },
      (response) => {
        response.once('end', () => resolve(response.statusCode ?? 0)).resume();
        response.once('error', reject);
      },
    );
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}

/** Sends a head and a part of its body, then nothing; false when it was answered or closed within that time. */
export async function halfSend(
  place: Place,
  { path, from }: Asked,
  { bytes, waitMs }: { readonly bytes: number; readonly waitMs: number },
): Promise<boolean> {
  const socket = connect({ port: numberAt(place, 'port'), host: '127.0.0.1', localAddress: from });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(bytes)}`,
  );
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), waitMs);
    const over = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(false);
    };
    socket.once('data', over).once('close', over);
  });
}

/** Calls of the honest tenant, from an address of its own. `asked`: of each call. */
export function honestCalls(asked: () => Omit<Asked, 'from'>, wanted = 200): SharedThing['honest'] {
  return (place) =>
    honestCaller(async () => {
      const status = await callOnce(place, { ...asked(), from: '127.0.9.1' });
      if (status !== wanted) throw new Error(`answered ${status}`);
    });
}

/** An address of the hostile tenant: it has a few pods. */
export function hostileAddress(index: number): string {
  return `127.0.8.${1 + (index % 4)}`;
}
