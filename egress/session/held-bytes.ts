/** What all requests of a gateway hold together of bodies that must be judged. */
import type { HeldShare } from './request-body.ts';

const maxTotal = 256 * 1024 * 1024;

export class HeldBytes implements HeldShare {
  #total = 0;

  take(_agentId: string, bytes: number): boolean {
    if (this.#total + bytes > maxTotal) return false;
    this.#total += bytes;
    return true;
  }

  give(_agentId: string, bytes: number): void {
    this.#total -= bytes;
  }
}
