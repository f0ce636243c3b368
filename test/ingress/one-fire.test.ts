/**
 * Several ingresses, any of which dies at any moment, and a clock that is set forward and back: every time that is due is fired
 * exactly once. In memory with fast-check.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextFire, parseSchedule, scheduleMarkKey, type IngressAgent } from '../../contract/index.ts';
import { ScheduleBook } from '../../ingress/schedule-book.ts';
import { ScheduleMarks } from '../../ingress/schedule-marks.ts';
import { MemoryMarks, scheduled } from './schedule-fixture.ts';

const second = 1_000;
const start = Date.parse('2027-03-28T00:55:17Z');

const schedules = [
  '* * * * *',
  '*/5 * * * *',
  '@hourly',
  '@every 1m30s',
  '@every 7m',
  // Clocks change while this runs.
  'CRON_TZ=Europe/Berlin * 2,3 * * *',
  'TZ=America/New_York 55-59,0-30 * * * *',
];

interface Replica {
  readonly book: ScheduleBook;
  readonly marks: ScheduleMarks;
}

class Cluster {
  readonly store = new MemoryMarks();
  readonly fired: string[] = [];
  readonly agents: readonly IngressAgent[];
  now = start;
  latest = start;
  #replicas: Array<Replica | undefined> = [];
  #ids = 0;

  constructor(texts: readonly string[], size: number) {
    this.agents = texts.map((text, index) =>
      scheduled(`a${index}`, text, { createdAt: start - 11 * second }),
    );
    this.#replicas = Array.from({ length: size }, () => this.#replica());
  }

  /** They have run for a while. */
  async begin(): Promise<void> {
    for (const agent of this.agents) {
      const mark = { version: 1, due: start, schedule: agent.schedule, invocation: 'before' };
      await this.store.write(scheduleMarkKey(agent), JSON.stringify(mark), 0);
    }
  }

  /** Each looks that is there, in this order. */
  async look(ms: number, first = 0): Promise<void> {
    this.now += ms;
    this.latest = Math.max(this.latest, this.now);
    for (let index = 0; index < this.#replicas.length; index += 1) {
      const replica = this.#replicas[(first + index) % this.#replicas.length];
      if (replica !== undefined) await this.#lookOf(replica);
    }
  }

  kill(index: number): void {
    this.#replicas[index % this.#replicas.length] = undefined;
  }

  get isDown(): boolean {
    return this.#replicas.every((replica) => replica === undefined);
  }

  startAll(): void {
    this.#replicas = this.#replicas.map((replica) => replica ?? this.#replica());
  }

  /** Every time that was due. */
  expected(): string[] {
    return this.agents.flatMap((agent) => {
      const schedule = parseSchedule(agent.schedule ?? '');
      const times: string[] = [];
      let at = start;
      while (schedule !== undefined) {
        at = nextFire(schedule, at, agent.createdAt) ?? Number.POSITIVE_INFINITY;
        if (at > this.latest) break;
        times.push(`${agent.uid} ${at}`);
      }
      return times;
    });
  }

  #replica(): Replica {
    const book = new ScheduleBook();
    book.configure(this.agents, this.now);
    return { book, marks: new ScheduleMarks(this.store, () => `run-${(this.#ids += 1)}`) };
  }

  async #lookOf({ book, marks }: Replica): Promise<void> {
    for (const due of book.look(this.now, () => 'here')) {
      const claim = await marks.claim(due, this.now);
      if (claim.kind === 'won') this.fired.push(`${due.agent.uid} ${due.at}`);
      book.settle(due, claim.kind === 'doubt' ? 'doubt' : 'fired');
    }
  }
}

type Kind = 'look' | 'kill' | 'start' | 'back' | 'forward' | 'unanswered';

const stepOf = (kind: Kind, value: fc.Arbitrary<number>, weight: number) => ({
  weight,
  arbitrary: value.map((each) => ({ kind, value: each })),
});
const step = fc.oneof(
  stepOf('look', fc.nat(4), 16),
  stepOf('kill', fc.nat(4), 4),
  stepOf('start', fc.constant(0), 2),
  stepOf('back', fc.integer({ min: 1, max: 3_600 }), 1),
  stepOf('forward', fc.integer({ min: 1, max: 20 }), 1),
  stepOf('unanswered', fc.nat(1), 2),
);

/** Somebody is back before it is too late for what came due while nobody was there: 20 s, a look and a jump are under a minute. */
const longestOutageMs = 20 * second;

async function live(cluster: Cluster, steps: ReadonlyArray<{ readonly kind: Kind; readonly value: number }>) {
  let outageMs = 0;
  for (const { kind, value } of steps) {
    const ms = { look: 5, forward: value, back: -value, kill: 0, start: 0, unanswered: 0 }[kind] * second;
    if (kind === 'kill') cluster.kill(value);
    else if (kind === 'unanswered') cluster.store.next = value === 0 ? 'made' : 'nothing';
    else {
      if (kind === 'start' || outageMs + ms > longestOutageMs) cluster.startAll();
      await cluster.look(ms, value);
    }
    outageMs = cluster.isDown ? outageMs + Math.max(0, ms) : 0;
  }
  cluster.startAll();
  while (cluster.now < cluster.latest) await cluster.look(5 * second);
  for (let looks = 0; looks < 20; looks += 1) await cluster.look(5 * second);
  cluster.store.next = 'answered';
  await cluster.look(0);
}

test('every time that is due is fired once, whichever ingress dies and wherever the clock goes', async () => {
  const texts = fc.array(fc.constantFrom(...schedules), { minLength: 1, maxLength: 3 });
  const steps = fc.array(step, { minLength: 20, maxLength: 120, size: 'max' });
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 1, max: 3 }), steps, async (some, size, all) => {
      const cluster = new Cluster(some, size);
      await cluster.begin();
      await live(cluster, all);
      expect(cluster.fired.toSorted()).toEqual(cluster.expected().toSorted());
    }),
    { numRuns: 100 },
  );
}, 300_000);
