/**
 * The ingress put together: HTTP server with its limits, front door, outbox, drain. Connections to NATS, the tracer
 * and the config come in as parameters, so that a test runs the whole of it without an environment.
 */
import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Tracer } from '@opentelemetry/api';
import { factsOfKind, type IngressConfig, type WorkerStatus } from '../contract/index.ts';
import { EventOutbox, monotonicMs, type Log, type PublishEvent } from '../process/index.ts';
import { admit } from './admission.ts';
import { httpCall } from './call.ts';
import { CallerServer, waitUntil, type LeaveBounds } from './caller-server.ts';
import { FrontDoor } from './front-door.ts';
import { IdClaims } from './id-claim.ts';
import type { InvocationContext } from './invocation.ts';
import { limits } from './limits.ts';
import { Load } from './load.ts';
import type { ResultStore } from './call-results.ts';
import { EventDoor } from './event-door.ts';
import { EventFeed } from './event-feed.ts';
import type { EventSource } from './event-source.ts';
import { Postponed } from './postponed.ts';
import { ReferenceClock } from './reference-clock.ts';
import { ResultDoor } from './result-door.ts';
import { ScheduleMarks, type MarkStore } from './schedule-marks.ts';
import { scheduledCall } from './scheduled-call.ts';
import { Scheduler, type ScheduleUsage } from './scheduler.ts';
import { WorkerClient } from './worker-client.ts';

export interface IngressOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
  readonly publish: PublishEvent;
  readonly liveWorkers: () => readonly WorkerStatus[];
  readonly tracer: () => Tracer;
  /** A worker's address was answered by somebody who is not of its pool. */
  readonly onImpostor?: () => void;
  /** Where schedules are claimed; absent: this ingress fires none. */
  readonly schedules?: {
    readonly store: MarkStore;
    /** Of the server that keeps the marks; undefined: it does not say. */
    readonly timeMs: () => Promise<number | undefined>;
    /** Of this machine, which may be set. Default: its clock. */
    readonly wallMs?: () => number;
  };
  /** Where the answers of calls are kept whose callers do not wait; absent: all wait. */
  readonly results?: {
    readonly store: ResultStore;
    /** Of the server that keeps them. */
    readonly timeMs: () => Promise<number | undefined>;
  };
  /** Where events are published, and come from; absent: none. */
  readonly events?: {
    readonly source: EventSource;
    /** Of the server that keeps them. */
    readonly timeMs: () => Promise<number | undefined>;
  };
  /** Default: limits.leave. */
  readonly leave?: LeaveBounds;
  readonly outboxCapacity?: number;
  readonly guardMs?: number;
}

export interface Ingress extends AsyncDisposable {
  readonly port: number;
  readonly outbox: EventOutbox;
  configure(config: IngressConfig): void;
  readonly configDigest: string;
  readonly draining: boolean;
  /** Requests under way. */
  readonly active: number;
  /** What is shared between callers, as it is used now. */
  readonly usage: FrontDoor['usage'];
  readonly schedules: ScheduleUsage | undefined;
  readonly eventUsage: EventFeed['usage'] | undefined;
  /** Takes calls for as long as somebody may still send some, and says with each answer that its connection ends. */
  leave(): Promise<void>;
  /** Refuses new calls, lets running ones end, then ends them; flushes the events. */
  drain(limitMs: number): Promise<void>;
}

const flushMs = 10_000;
const endMs = 1_000;

class RunningIngress implements Ingress {
  readonly outbox: EventOutbox;
  readonly #options: IngressOptions;
  readonly #frontDoor: FrontDoor;
  readonly #load = new Load(monotonicMs);
  readonly #claims: IdClaims;
  readonly #scheduler: Scheduler | undefined;
  readonly #results: ResultDoor | undefined;
  readonly #feed: EventFeed | undefined;
  readonly #shutdown = new AbortController();
  readonly #postponed = new Postponed();
  readonly #server: CallerServer;
  #client: { readonly key: string; readonly client: WorkerClient } | undefined;
  #port = 0;
  #digest = '';
  #draining = false;
  #isClosed = false;

  constructor(options: IngressOptions) {
    this.#options = options;
    // One listener a running call.
    setMaxListeners(0, this.#shutdown.signal);
    const { publish, log, outboxCapacity } = options;
    this.outbox = new EventOutbox({
      publish,
      writer: { role: 'ingress' },
      log,
      ...(outboxCapacity === undefined ? {} : { capacity: outboxCapacity }),
    });
    this.#claims = new IdClaims(publish);
    this.#results = this.#makeResults();
    this.#frontDoor = new FrontDoor({
      outbox: this.outbox,
      results: this.#results,
      events: options.events && new EventDoor(options.events.source, monotonicMs),
      log,
      isDraining: () => this.#isClosed,
      context: () => this.#context(),
    });
    this.#scheduler = this.#makeScheduler();
    this.#feed = this.#makeFeed();
    this.#server = new CallerServer((request, response) => {
      void this.#frontDoor.take(httpCall(request, response));
    });
  }

  get port(): number {
    return this.#port;
  }

  get configDigest(): string {
    return this.#digest;
  }

  get draining(): boolean {
    return this.#draining;
  }

  get usage(): FrontDoor['usage'] {
    return this.#frontDoor.usage;
  }

  get schedules(): ScheduleUsage | undefined {
    return this.#scheduler?.usage;
  }

  get eventUsage(): EventFeed['usage'] | undefined {
    return this.#feed?.usage;
  }

  get active(): number {
    return this.#frontDoor.active;
  }

  async listen(): Promise<void> {
    this.#port = await this.#server.listen(this.#options.host, this.#options.port);
    this.#scheduler?.start();
  }

  configure(config: IngressConfig): void {
    const key = JSON.stringify(config.dispatchTls);
    if (this.#client?.key !== key) {
      // Calls under way keep their sockets; new ones use the new certificate.
      const old = this.#client;
      this.#client = { key, client: new WorkerClient(config.dispatchTls, this.#options.onImpostor) };
      old?.client.retire();
    }
    this.#frontDoor.configure(config);
    const called = config.agents.filter((agent) => factsOfKind(agent).takesCalls);
    this.#scheduler?.configure(called);
    this.#feed?.configure(called);
    this.#digest = config.digest;
  }

  async leave(): Promise<void> {
    this.#draining = true;
    this.#feed?.stop();
    const stopped = this.#scheduler?.stop();
    await this.#server.leave(this.#options.leave ?? limits.leave);
    await stopped;
  }

  async drain(limitMs: number): Promise<void> {
    const deadline = monotonicMs() + limitMs;
    this.#draining = true;
    this.#isClosed = true;
    const closed = this.#server.close();
    this.#feed?.stop();
    await this.#scheduler?.stop();
    await waitUntil(deadline, () => {
      this.#server.closeIdle();
      return this.active === 0 && this.#server.connections === 0;
    });
    // Running calls are ended and answered; what then still holds a connection is only half a request.
    this.#shutdown.abort();
    await this.#idle(endMs);
    this.#server.cut();
    await this.#idle(endMs);
    this.#postponed.runAll();
    const settled = Promise.all([
      this.#scheduler?.settled(),
      this.#results?.settled(),
      this.#feed?.settled(),
    ]);
    await Promise.race([settled, delay(flushMs, undefined, { ref: false })]);
    await closed;
    if (!(await this.outbox.flush(flushMs))) {
      this.#options.log.error({ pending: this.outbox.pending }, 'invocation events were not published');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#draining) await this.drain(0);
    await this.outbox[Symbol.asyncDispose]();
    this.#client?.client.close();
  }

  #idle(limitMs: number): Promise<void> {
    return waitUntil(monotonicMs() + limitMs, () => this.active === 0);
  }

  #makeScheduler(): Scheduler | undefined {
    const { schedules, log } = this.#options;
    if (schedules === undefined) return undefined;
    const { timeMs, wallMs = Date.now } = schedules;
    return new Scheduler({
      clock: new ReferenceClock({ ask: timeMs, monotonicMs, wallMs }),
      marks: new ScheduleMarks(schedules.store, randomUUID),
      fire: async (due, id) => {
        const call = scheduledCall(due);
        await this.#frontDoor.fire(call, due.agent, {
          id,
          trigger: { type: 'Cron', source: due.agent.schedule },
        });
        return call.result;
      },
      log,
    });
  }

  #makeFeed(): EventFeed | undefined {
    const { events, log, liveWorkers } = this.#options;
    if (events === undefined) return undefined;
    const clock = new ReferenceClock({ ask: events.timeMs, monotonicMs, wallMs: Date.now });
    return new EventFeed({
      ...{ source: events.source, log, monotonicMs },
      timeMs: async () => await clock.now(),
      isAdmissible: (agent) =>
        this.#client !== undefined &&
        admit(agent, liveWorkers(), { load: this.#load, key: '' }).refused === undefined,
      fire: async (call, agent, told) => {
        await this.#frontDoor.fire(call, agent, told);
        return call.result;
      },
    });
  }

  #makeResults(): ResultDoor | undefined {
    const { results, log } = this.#options;
    if (results === undefined) return undefined;
    const clock = new ReferenceClock({ ask: results.timeMs, monotonicMs, wallMs: Date.now });
    return new ResultDoor({ store: results.store, clock, log });
  }

  #context(): InvocationContext | undefined {
    const client = this.#client?.client;
    if (client === undefined) return undefined;
    const { liveWorkers, tracer, guardMs } = this.#options;
    return {
      client,
      claims: this.#claims,
      load: this.#load,
      liveWorkers,
      tracer: tracer(),
      shutdown: this.#shutdown.signal,
      later: (when, run, namespace) => this.#postponed.add(namespace, when, run),
      hurry: (namespace) => this.#postponed.hurry(namespace),
      now: Date.now,
      ...(guardMs === undefined ? {} : { guardMs }),
    };
  }
}

export async function openIngress(options: IngressOptions): Promise<Ingress> {
  const ingress = new RunningIngress(options);
  await ingress.listen();
  return ingress;
}
