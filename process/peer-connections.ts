/** Connections a peer address may have: whoever opens more than its share is closed at once, so that one peer takes not all of them. */
import type { Socket } from 'node:net';
import { EqualShares } from '../contract/index.ts';

export class PeerConnections {
  readonly #shares: EqualShares;

  constructor(most: number) {
    this.#shares = new EqualShares(most);
  }

  admit(socket: Socket): void {
    const peer = socket.remoteAddress ?? '';
    if (this.#shares.take(peer)) socket.once('close', () => this.#shares.give(peer));
    else socket.destroy();
  }
}
