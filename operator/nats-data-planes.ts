/**
 * The operator's view of its data planes in NATS: empty until NATS answers, last known while it is away. Apart from
 * the process because NATS may come after the operator and go at any time; neither may ever end it.
 */
import { setTimeout as delay } from 'node:timers/promises';
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
import { NamespaceBuckets } from './namespace-buckets.ts';
import { readRecordRoom, type RecordRoom } from './record-room.ts';
import { untilDone } from './until-done.ts';

export interface NatsDataPlanesOptions {
  /** Read for each attempt: the keys may be rotated while NATS is away. */
  readonly access: () => NatsAccess;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly roomEveryMs?: number;
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
  /** From before anything was made: a server that went since is told, too. */
  readonly changes: ReturnType<NatsConnection['status']>;
  readonly bucket: StatusBucket;
  readonly close: () => Promise<void>;
}

/** The stream of invocation events is looked at so often. */
const roomEveryMs = 10_000;
/** A mark that could not be read is asked for again after so long. */
const unreadMs = 5_000;

export class NatsDataPlanes implements DataPlaneStatus {
  #workers: StatusView<typeof workerStatusSchema> | undefined;
  #gateways: StatusView<typeof gatewayStatusSchema> | undefined;
  #ingresses: StatusView<typeof ingressStatusSchema> | undefined;
  #connection: NatsConnection | undefined;
  #askAgainAt = Number.NEGATIVE_INFINITY;
  #recordRoom: RecordRoom | undefined;
  readonly #places = new NamespaceBuckets();
  readonly #events = new EventPlaces();

  workers(): readonly WorkerStatus[] {
    return this.#workers?.live() ?? [];
  }

  gateways(): readonly GatewayStatus[] {
    return this.#gateways?.live() ?? [];
  }

  ingresses(): readonly IngressStatus[] {
    return this.#ingresses?.live() ?? [];
  }

  recordRoom(): RecordRoom | undefined {
    return this.#recordRoom;
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

  hearsNoMore(namespace: string): boolean {
    return this.#events.isFull(namespace);
  }

  async keepDaemons(namespace: string): Promise<void> {
    await this.#places.keep('leases', namespace);
  }

  async keepBudgets(namespace: string): Promise<void> {
    await this.#places.keep('budgets', namespace);
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
      void keepBuckets(open, { places: this.#places, events: this.#events }, options);
      void this.#watchRoom(open.connection, options);
      await aborted;
      this.#connection = undefined;
      this.#places.close();
      await open.close();
    } catch (thrown) {
      log.error({ error: errorMessage(thrown) }, 'data planes are no longer followed');
    }
  }

  /** Until the signal; never rejects. What changed is told with the next heartbeat, as silence is. */
  async #watchRoom(
    connection: NatsConnection,
    { signal, roomEveryMs: everyMs }: NatsDataPlanesOptions,
  ): Promise<void> {
    while (!signal.aborted) {
      this.#recordRoom = await readRecordRoom(connection);
      await delay(everyMs ?? roomEveryMs, undefined, { signal }).catch(() => undefined);
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

/** A server that comes back may have lost its disk: budgets and schedules would wait for the buckets for ever. Never rejects. */
async function keepBuckets(
  { connection, changes }: OpenStatus,
  { places, events }: { readonly places: NamespaceBuckets; readonly events: EventPlaces },
  { log, signal }: NatsDataPlanesOptions,
): Promise<void> {
  const server = { connection, log, signal };
  // Those that were needed before NATS answered.
  await places.open(server);
  for await (const { type } of changes) {
    if (type !== 'reconnect') continue;
    const look = async (): Promise<void> => await ensureKeyedBuckets(connection);
    await untilDone(look, 'buckets not looked at, trying again', server);
    await places.open(server);
    await events.again(server);
  }
}

async function openOnce(access: NatsAccess, log: Log): Promise<OpenStatus> {
  const connection = await connectNats(access, { name: 'clrk-operator', log });
  const changes = connection.status();
  const close = async (): Promise<void> => await connection.close().catch(() => undefined);
  try {
    await ensureKeyedBuckets(connection);
    return { connection, changes, bucket: await openStatusBucket(connection), close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
