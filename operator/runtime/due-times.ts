/**
 * When which key is due, earliest first: a binary heap, so that a hundred thousand waiting keys cost no more than a few.
 * Moving a key leaves its old place behind, to be skipped when it comes up.
 */
interface Place {
  readonly key: string;
  readonly at: number;
}

const spare = 1_024;

export class DueTimes {
  readonly #heap: Place[] = [];
  readonly #due = new Map<string, number>();

  /** When the key is due; undefined when it is not waiting. */
  get(key: string): number | undefined {
    return this.#due.get(key);
  }

  set(key: string, at: number): void {
    this.#due.set(key, at);
    this.#push({ key, at });
    this.#tidy();
  }

  delete(key: string): void {
    this.#due.delete(key);
    this.#tidy();
  }

  /** Time of the earliest waiting key. */
  get nextAt(): number | undefined {
    this.#skipStale();
    return this.#heap[0]?.at;
  }

  /** Takes out the earliest key if it is due. */
  takeDue(now: number): string | undefined {
    this.#skipStale();
    const first = this.#heap[0];
    if (first === undefined || first.at > now) return undefined;
    this.#pop();
    this.#due.delete(first.key);
    return first.key;
  }

  #skipStale(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#due.get(first.key) === first.at) return;
      this.#pop();
    }
  }

  /** Places left behind must not outgrow what waits: a key that moves for ever would be a leak. */
  #tidy(): void {
    if (this.#heap.length <= 2 * this.#due.size + spare) return;
    this.#heap.length = 0;
    for (const [key, at] of this.#due) this.#push({ key, at });
  }

  #push(place: Place): void {
    let index = this.#heap.push(place) - 1;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (this.#at(above) <= place.at) break;
      this.#swap(index, above);
      index = above;
    }
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    for (let index = 0; ;) {
      const left = 2 * index + 1;
      const least = this.#at(left + 1) < this.#at(left) ? left + 1 : left;
      if (this.#at(least) >= last.at) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #at(index: number): number {
    return this.#heap[index]?.at ?? Number.POSITIVE_INFINITY;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a], this.#heap[b]];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
