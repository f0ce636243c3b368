/**
 * Events that wait to be published, and whose turn it is: namespaces by turns, in each its agents by turns, of an agent its
 * invocations as they came. Pure. Of one invocation one event is under way at a time, so that its events arrive in their order;
 * of one namespace so many that a place stays free for others, or one namespace's slow events would be everybody's.
 */
import { agentId, FairRoom, Turns, type AgentRef, type Invocation } from '../contract/index.ts';

export interface WaitingEvent {
  readonly event: Invocation;
  /** In whose share of the room it is; absent: in nobody's. */
  readonly owner?: AgentRef;
}

/** Events of one invocation, the first first. */
interface Train {
  readonly key: string;
  readonly agent: string;
  readonly namespace: string;
  readonly events: WaitingEvent[];
}

/** Places of a namespace that no other takes. */
const ownPlaces = 8;

export class EventTurns {
  readonly #most: number;
  readonly #places: FairRoom;
  readonly #turns = new Turns();
  /** With an event that waits or is under way. */
  readonly #trains = new Map<string, Train>();
  /** Of each agent, those with an event that may go. */
  readonly #ready = new Map<string, Set<Train>>();
  #waiting = 0;

  /** `most` under way at once. */
  constructor(most: number) {
    this.#most = most;
    this.#places = new FairRoom({ limit: most, ownPart: ownPlaces });
  }

  get waiting(): number {
    return this.#waiting;
  }

  get underWay(): number {
    return this.#places.total;
  }

  add(event: WaitingEvent): void {
    const { kind, name, uid } = event.event.spec.parentRef;
    const { namespace, name: invocation } = event.event.metadata;
    const key = `${uid}/${invocation}`;
    this.#waiting += 1;
    const known = this.#trains.get(key);
    if (known !== undefined) {
      known.events.push(event);
      return;
    }
    const train = { key, agent: agentId({ kind, namespace, name }), namespace, events: [event] };
    this.#trains.set(key, train);
    this.#makeReady(train);
  }

  /** Gives out those whose turn it is, as far as there is room. Each must be told to `done` when it is over, once. */
  go(start: (event: WaitingEvent, done: () => void) => void): void {
    this.#turns.go(this.#most - this.underWay, (agent, namespace) => {
      const ready = this.#ready.get(agent);
      const [train] = ready ?? [];
      const event = train?.events[0];
      if (ready === undefined || train === undefined || event === undefined) return 'taken';
      if (!this.#places.take(namespace, 1)) return 'full';
      ready.delete(train);
      if (ready.size === 0) this.#ready.delete(agent);
      train.events.shift();
      this.#waiting -= 1;
      start(event, () => this.#end(train));
      return this.#ready.has(agent) ? 'again' : 'taken';
    });
  }

  #end(train: Train): void {
    this.#places.give(train.namespace, 1);
    if (train.events.length > 0) this.#makeReady(train);
    else this.#trains.delete(train.key);
  }

  #makeReady(train: Train): void {
    const ready = this.#ready.get(train.agent) ?? new Set();
    this.#ready.set(train.agent, ready.add(train));
    this.#turns.add(train.namespace, train.agent);
  }
}
