/**
 * The operator's view of its data planes in NATS: empty until NATS answers, last known while it is away. Apart from
 * the process because NATS may come after the operator and go at any time; neither may ever end it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import {
  errorMessage,
  gatewayStatusSchema,
  daemonLeaseKey,
  daemonLeaseSubject,
  ingressStatusSchema,
  newDaemonLease,
  parseScheduleMark,
  scheduleMarkKey,
  scheduleMarkReadSubject,
  workerStatusSchema,
  type GatewayStatus,
  type IngressStatus,
  type WorkerStatus,
} from '../contract/index.ts';
import {
  monotonicMs,
  StatusView,
  connectNats,
  ensureDaemonBucket,
  ensureKeyedBuckets,
  openStatusBucket,
  readEntry,
  writeEntry,
  untilAborted,
  type Log,
  type NatsAccess,
  type StatusBucket,
  type WantedTrigger,
} from '../process/index.ts';
import { EventPlaces, hearDeadEvents, type DeadEvent } from './nats-events.ts';
import { makeResultPlaces } from './nats-results.ts';
import { answerGateways, type AnswerReport } from './nats-approvals.ts';
import type { DataPlaneStatus, ReadMark } from './data-plane-status.ts';

export interface NatsDataPlanesOptions {
  /** Read for each attempt: the keys may be rotated while NATS is away. */
  readonly access: () => NatsAccess;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
  /** What gateways ask of persons; absent: nobody answers. */
  readonly answer?: AnswerReport;
  /** An event was given up. */
  readonly onDead?: (dead: DeadEvent) => void;
  /** A record was malformed, or spoke for somebody else. */
  readonly onRefused: (key: string) => void;
}

interface OpenStatus {
  readonly connection: NatsConnection;
  readonly bucket: StatusBucket;
  readonly close: () => Promise<void>;
}

// The first tries are quick because on one machine everything starts at once.
const firstRetryMs = 250;
const lastRetryMs = 10_000;
/** A mark that could not be read is asked for again after so long. */
const unreadMs = 5_000;

export class NatsDataPlanes implements DataPlaneStatus {
  #workers: StatusView<typeof workerStatusSchema> | undefined;
  #gateways: StatusView<typeof gatewayStatusSchema> | undefined;
  #ingresses: StatusView<typeof ingressStatusSchema> | undefined;
  #connection: NatsConnection | undefined;
  #askAgainAt = Number.NEGATIVE_INFINITY;
  readonly #events = new EventPlaces();
  /** Whose leases have a place, or get one when NATS answers. */
  readonly #withDaemons = new Set<string>();

  workers(): readonly WorkerStatus[] {
    return this.#workers?.live() ?? [];
  }

  gateways(): readonly GatewayStatus[] {
    return this.#gateways?.live() ?? [];
  }

  ingresses(): readonly IngressStatus[] {
    return this.#ingresses?.live() ?? [];
  }

  async scheduleMark(agent: { readonly namespace: string; readonly uid: string }): Promise<ReadMark> {
    if (this.#connection === undefined || monotonicMs() < this.#askAgainAt) return 'unknown';
    const entry = await readEntry(this.#connection, scheduleMarkReadSubject(scheduleMarkKey(agent)));
    // While NATS is away nobody waits for it more than once in a while.
    if (entry === undefined) this.#askAgainAt = monotonicMs() + unreadMs;
    return entry === undefined ? 'unknown' : parseScheduleMark(entry.text);
  }

  async keepTriggers(namespace: string, wanted: readonly WantedTrigger[]): Promise<string | undefined> {
    return await this.#events.keep(this.#connection, namespace, wanted);
  }

  isHeard(
    { namespace, uid }: { readonly namespace: string; readonly uid: string },
    subject: string,
  ): boolean {
    return this.#events.isKept(namespace, uid, subject);
  }

  async keepDaemons(namespace: string): Promise<void> {
    if (this.#withDaemons.has(namespace)) return;
    const connection = this.#connection;
    if (connection === undefined) {
      // Made with all others as soon as there is one.
      this.#withDaemons.add(namespace);
      return;
    }
    if (monotonicMs() < this.#askAgainAt) return;
    try {
      await ensureDaemonBucket(connection, namespace);
      this.#withDaemons.add(namespace);
    } catch {
      // Asked for again with the next look at an agent of it.
      this.#askAgainAt = monotonicMs() + unreadMs;
    }
  }

  async seedDaemon(agent: { readonly namespace: string; readonly uid: string }): Promise<void> {
    if (this.#connection === undefined || monotonicMs() < this.#askAgainAt) return;
    const subject = daemonLeaseSubject(daemonLeaseKey(agent));
    // Where there is one already it stays as it is.
    const entry = { text: JSON.stringify(newDaemonLease), sequence: 0 };
    const { kind } = await writeEntry(this.#connection, subject, entry);
    if (kind === 'unknown') this.#askAgainAt = monotonicMs() + unreadMs;
  }

  /** Connects, however long it takes, and follows until the signal aborts. Never rejects. */
  async follow(options: NatsDataPlanesOptions): Promise<void> {
    const { log, signal } = options;
    const aborted = untilAborted(signal);
    try {
      // An attempt may hang until its own timeout; an orderly end does not wait for it.
      const opening = untilDone(
        async () => await openOnce(options.access(), log),
        'NATS does not answer, trying again',
        options,
      );
      const open = await Promise.race([opening, aborted]);
      if (open === undefined) {
        void opening.then(async (late) => await late?.close());
        return;
      }
      this.#connection = open.connection;
      this.#view(open.bucket, options);
      const { answer, onRefused, onDead } = options;
      if (answer !== undefined) answerGateways(open.connection, { answer, onRefused, log });
      if (onDead !== undefined) hearDeadEvents(open.connection, onDead, log);
      makeResultPlaces(open.connection, log);
      void keepBuckets(open.connection, { daemons: this.#withDaemons, events: this.#events }, options);
      await aborted;
      this.#connection = undefined;
      await open.close();
    } catch (thrown) {
      log.error({ error: errorMessage(thrown) }, 'data planes are no longer followed');
    }
  }

  #view(bucket: StatusBucket, { onChange, onRefused }: NatsDataPlanesOptions): void {
    const options = { now: monotonicMs, onRefused };
    this.#workers = new StatusView(bucket, 'worker.', workerStatusSchema, options);
    this.#gateways = new StatusView(bucket, 'egress.', gatewayStatusSchema, options);
    this.#ingresses = new StatusView(bucket, 'ingress.', ingressStatusSchema, options);
    for (const view of [this.#workers, this.#gateways, this.#ingresses]) view.onChange(onChange);
    onChange();
  }
}

/** What the work came to, tried until it is done; undefined: the signal came first. Never rejects. */
async function untilDone<T>(
  work: () => Promise<T>,
  whenNot: string,
  { log, signal }: Pick<NatsDataPlanesOptions, 'log' | 'signal'>,
): Promise<T | undefined> {
  for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(waitMs * 2, lastRetryMs)) {
    try {
      return await work();
    } catch (thrown) {
      log.warn({ error: errorMessage(thrown), retryMs: waitMs }, whenNot);
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

/** A server that comes back may have lost its disk: budgets and schedules would wait for the buckets for ever. Never rejects. */
async function keepBuckets(
  connection: NatsConnection,
  { daemons, events }: { readonly daemons: ReadonlySet<string>; readonly events: EventPlaces },
  options: NatsDataPlanesOptions,
): Promise<void> {
  const lookAtDaemons = async (): Promise<void> => {
    for (const namespace of daemons) await ensureDaemonBucket(connection, namespace);
  };
  const look = async (): Promise<void> => {
    await ensureKeyedBuckets(connection);
    await lookAtDaemons();
    await events.again(connection);
  };
  const changes = connection.status();
  // Those of agents that were looked at before NATS answered.
  await untilDone(lookAtDaemons, 'buckets of daemons not made, trying again', options);
  for await (const { type } of changes) {
    if (type === 'reconnect') await untilDone(look, 'buckets not looked at, trying again', options);
  }
}

async function openOnce(access: NatsAccess, log: Log): Promise<OpenStatus> {
  const connection = await connectNats(access, { name: 'clrk-operator', log });
  const close = async (): Promise<void> => await connection.close().catch(() => undefined);
  try {
    await ensureKeyedBuckets(connection);
    return { connection, bucket: await openStatusBucket(connection), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
