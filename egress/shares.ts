/** How many of something each agent has, up to the same share. Apart because connections and streams are counted alike. */
export class Shares {
  readonly #share: number;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(share: number) {
    this.#share = share;
  }

  /** Of all agents together. */
  get total(): number {
    return this.#total;
  }

  /** False: it has its share already. */
  take(agentId: string): boolean {
    const count = (this.#taken.get(agentId) ?? 0) + 1;
    if (count > this.#share) return false;
    this.#taken.set(agentId, count);
    this.#total += 1;
    return true;
  }

  /** Gives back what `take` gave. */
  give(agentId: string): void {
    const count = (this.#taken.get(agentId) ?? 1) - 1;
    this.#total -= 1;
    if (count > 0) this.#taken.set(agentId, count);
    else this.#taken.delete(agentId);
  }
}
