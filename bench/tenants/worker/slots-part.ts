/**
 * Two slots of one worker's router, with its real walls and listeners; what runs in a slot's namespace is what a sandbox would
 * send. Needs root.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { deleteNamespace, openRouterNamespace } from '../../../worker/network/router-namespace.ts';
import { acceptBacklog } from '../../../worker/network/ruleset.ts';
import { slotAddress } from '../../../worker/network/slot-address.ts';
import { deleteSlots, makeSlots } from '../../../worker/network/slot-set-up.ts';
import type { Part } from '../shared-thing.ts';

/** Greets, and ends when the other side does. */
async function openGreeter(fd: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: false }, (socket) => {
    socket.on('error', () => undefined).resume();
    socket.write('hello');
  });
  server.listen({ fd, backlog: acceptBacklog });
  await once(server, 'listening');
  return server;
}

export async function openSlotsPart(): Promise<Part> {
  const router = await openRouterNamespace(`clrk-bt-${randomUUID().slice(0, 8)}`);
  const hostile = slotAddress(router.name, 0);
  const honest = slotAddress(router.name, 1);
  await makeSlots(router.name, [hostile, honest]);
  const servers = [await openGreeter(router.tcp.fd), await openGreeter(router.metadata.fd)];
  const dns = createSocket('udp4');
  dns.on('message', (text, { port, address }) => dns.send(text, port, address, () => undefined));
  await new Promise<void>((resolve) => dns.bind({ fd: router.dns.fd }, resolve));
  return {
    place: {
      ...{ hostile: hostile.namespace, honest: honest.namespace },
      ...{ router: router.name, honestIndex: honest.index },
    },
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) server.close();
      dns.close();
      await deleteSlots([hostile, honest]);
      await deleteNamespace(router.name);
    },
  };
}
