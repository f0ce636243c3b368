/** Connections a peer address may have: whoever opens more than its share is closed at once, so that one peer takes not all of them. */
import type { Socket } from 'node:net';

export class PeerConnections {
  readonly #most: number;
  readonly #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  admit(socket: Socket): void {
    const peer = socket.remoteAddress ?? '';
    const now = (this.#counts.get(peer) ?? 0) + 1;
    if (now > this.#most) {
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
