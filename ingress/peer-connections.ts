/** Connections a peer address may have: whoever opens more than its share is closed at once. */
import type { Socket } from 'node:net';
import { limits } from './limits.ts';

export class PeerConnections {
  readonly #counts = new Map<string, number>();

  admit(socket: Socket): void {
    const peer = socket.remoteAddress ?? '';
    const now = (this.#counts.get(peer) ?? 0) + 1;
    if (now > limits.connections.peer) {
      socket.destroy();
      return;
    }
    this.#counts.set(peer, now);
    socket.once('close', () => {
      const left = (this.#counts.get(peer) ?? 1) - 1;
      if (left > 0) this.#counts.set(peer, left);
      else this.#counts.delete(peer);
    });
  }
}
