/**
 * Who waits for a place, by namespace, agent and peer. Pure bookkeeping. Whoever has thousands waiting behind a share of its own that
 * is full is passed over in one step: a place that is given back costs others nothing for it.
 */
import type { Place, Taker } from './share.ts';

export interface Waiting {
  readonly taker: Taker;
  readonly grant: (place: Place) => void;
}

/** One step of the way to those who wait: its name, and how to say that its share is full. */
const levels = ['namespace', 'agent', 'peer'] as const;
type Level = (typeof levels)[number];

interface Node {
  readonly inner: Map<string, Node>;
  /** At the end of the way, the oldest first, with when each came. */
  readonly waiting: Map<Waiting, number>;
}

const newNode = (): Node => ({ inner: new Map(), waiting: new Map() });

export interface Room {
  /** Whether a share has room at all. */
  readonly has: (level: Level, name: string) => boolean;
  /** Whether this one would be let in. */
  readonly takes: (taker: Taker) => boolean;
}

export class WaitingTakers {
  readonly #root = newNode();
  #came = 0;

  add(waiting: Waiting): void {
    let node = this.#root;
    for (const level of levels) {
      const name = waiting.taker[level];
      const next = node.inner.get(name) ?? newNode();
      node.inner.set(name, next);
      node = next;
    }
    this.#came += 1;
    node.waiting.set(waiting, this.#came);
  }

  delete(waiting: Waiting): void {
    const way: Array<readonly [Node, string, Node]> = [];
    let node: Node | undefined = this.#root;
    for (const level of levels) {
      const name = waiting.taker[level];
      const next: Node | undefined = node.inner.get(name);
      if (next === undefined) return;
      way.push([node, name, next]);
      node = next;
    }
    node.waiting.delete(waiting);
    for (const [outer, name, inner] of way.toReversed()) {
      if (inner.inner.size > 0 || inner.waiting.size > 0) return;
      outer.inner.delete(name);
    }
  }

  /** First come, among those who would be let in. */
  first(room: Room): Waiting | undefined {
    let found: readonly [Waiting, number] | undefined;
    const visit = (node: Node, depth: number): void => {
      const [head] = node.waiting;
      if (head !== undefined && (found === undefined || head[1] < found[1]) && room.takes(head[0].taker)) {
        found = head;
      }
      const level = levels[depth];
      if (level === undefined) return;
      for (const [name, inner] of node.inner) if (room.has(level, name)) visit(inner, depth + 1);
    };
    visit(this.#root, 0);
    return found?.[0];
  }
}
