/**
 * The streams and consumers of a namespace's events, as they should be. Apart because who makes them is not who reads them: the
 * operator makes them.
 */
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import {
  againSubject,
  ClrkError,
  deadStream,
  deadSubject,
  eventBounds,
  eventConsumer,
  eventStream,
  eventSubject,
  eventTimes,
  retryConsumer,
  retryStream,
  retrySubject,
} from '../contract/index.ts';

export interface WantedTrigger {
  /** Of the agent. */
  readonly uid: string;
  readonly subject: string;
  /** Of the agent; 0: no limit. */
  readonly maxConcurrent: number;
}

/** Events a trigger may hold at a time, run or not started yet, where the agent does not say. */
const maxAckPending = 1_000;
const timeoutMs = 5_000;

type Wanted = Partial<StreamConfig> & { readonly name: string };

/** With what is said of it once it is run again. */
const common = {
  storage: StorageType.File,
  num_replicas: 1,
  max_msg_size: eventBounds.maxBytes + 2_048,
} as const;

function waitingStream(namespace: string): Wanted {
  return {
    ...common,
    name: eventStream(namespace),
    subjects: [eventSubject(namespace, '>'), againSubject(namespace, '*')],
    // Gone when everyone who is to hear of it has: what waits is what the share is for.
    retention: RetentionPolicy.Interest,
    discard: DiscardPolicy.New,
    max_bytes: eventBounds.waitingBytes,
    max_age: nanos(eventBounds.waitingMs),
    duplicate_window: nanos(eventBounds.duplicateMs),
  };
}

/** Kept until it was handed on, whether or not its consumer stands: who put it there has let go of it. */
function failedStream(namespace: string): Wanted {
  return {
    ...common,
    name: retryStream(namespace),
    subjects: [retrySubject(namespace, '*')],
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_bytes: eventBounds.retryBytes,
    max_age: nanos(eventBounds.waitingMs),
    duplicate_window: nanos(eventBounds.duplicateMs),
  };
}

function givenUpStream(namespace: string): Wanted {
  return {
    ...common,
    name: deadStream(namespace),
    subjects: [deadSubject(namespace, '*', '>')],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    // With what is said of why.
    max_msg_size: eventBounds.maxBytes * 2,
    max_bytes: eventBounds.deadBytes,
    max_age: nanos(eventBounds.deadMs),
  };
}

async function ask(connection: NatsConnection, subject: string, payload: object = {}): Promise<unknown> {
  const answer = await connection.request(`$JS.API.${subject}`, JSON.stringify(payload), {
    timeout: timeoutMs,
  });
  const { error, ...said } = answer.json<{ error?: { code?: number; description?: string } }>();
  if (error === undefined) return said;
  throw new ClrkError('NATS_REFUSED', `${subject}: ${error.description ?? 'no reason given'}`);
}

interface Consumer {
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

async function consumersOf(connection: NatsConnection, stream: string): Promise<readonly Consumer[]> {
  const found: Consumer[] = [];
  for (;;) {
    const page = (await ask(connection, `CONSUMER.LIST.${stream}`, { offset: found.length })) as {
      readonly total?: number;
      readonly consumers?: readonly Consumer[];
    };
    const more = page.consumers ?? [];
    found.push(...more);
    if (more.length === 0 || found.length >= (page.total ?? 0)) return found;
  }
}

function consumerConfig(namespace: string, name: string, { subject, maxConcurrent }: WantedTrigger): object {
  return {
    ...{ name, durable_name: name },
    // What is run again comes to who has it in hand alone, and counts there like any other.
    filter_subjects: [eventSubject(namespace, subject), againSubject(namespace, name)],
    ...{ ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.New, replay_policy: 'instant' },
    ...{ ack_wait: nanos(eventTimes.ackWaitMs), max_deliver: -1 },
    // The one count that every ingress shares.
    max_ack_pending: maxConcurrent > 0 ? maxConcurrent : maxAckPending,
  };
}

/** All that wait are in hand at once: NATS counts the time of each. */
const dueConfig = {
  ...{ name: retryConsumer, durable_name: retryConsumer },
  ...{ ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All, replay_policy: 'instant' },
  ...{ ack_wait: nanos(eventTimes.ackWaitMs), max_deliver: -1, max_ack_pending: -1 },
} as const;

/** NATS takes milliseconds to make one, and a namespace may have hundreds: what stands as it should is left alone. */
function isLike({ config = {} }: Consumer, wanted: object): boolean {
  return Object.entries(wanted).every(
    ([key, value]) => JSON.stringify(config[key]) === JSON.stringify(value),
  );
}

async function ensureStream({ streams }: JetStreamManager, config: Wanted): Promise<void> {
  await streams.add(config).catch(async () => await streams.update(config.name, config));
}

/** Those of a stream as they are wanted, by name, and no others. */
async function ensureConsumers(
  connection: NatsConnection,
  stream: string,
  wanted: ReadonlyMap<string, object>,
): Promise<void> {
  const standing = new Map((await consumersOf(connection, stream)).map((each) => [each.name, each]));
  for (const [name, config] of wanted) {
    const there = standing.get(name);
    if (there !== undefined && isLike(there, config)) continue;
    await ask(connection, `CONSUMER.CREATE.${stream}.${name}`, { stream_name: stream, config });
  }
  for (const name of standing.keys()) {
    if (!wanted.has(name)) await ask(connection, `CONSUMER.DELETE.${stream}.${name}`);
  }
}

/** Makes what is missing or other than it should be, and takes away the consumers nobody wants. Rejects where it could not. */
export async function ensureEvents(
  connection: NatsConnection,
  namespace: string,
  triggers: readonly WantedTrigger[],
): Promise<void> {
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const wanted = triggers.map((each): [string, object] => {
    const name = eventConsumer(each.uid, each.subject);
    return [name, consumerConfig(namespace, name, each)];
  });
  await ensureStream(manager, waitingStream(namespace));
  await ensureStream(manager, givenUpStream(namespace));
  await ensureConsumers(connection, eventStream(namespace), new Map(wanted));
  // The last: what is put there is handed on to consumers, and is lost where none hears it.
  await ensureStream(manager, failedStream(namespace));
  await ensureConsumers(connection, retryStream(namespace), new Map([[retryConsumer, dueConfig]]));
}
