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
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import {
  ClrkError,
  deadStream,
  deadSubject,
  eventBounds,
  eventConsumer,
  eventStream,
  eventSubject,
  eventTimes,
} from '../contract/index.ts';

export interface WantedTrigger {
  /** Of the agent. */
  readonly uid: string;
  readonly subject: string;
  /** Of the agent; 0: no limit. */
  readonly maxConcurrent: number;
}

/** Events a trigger may hold at a time, run or waiting to be tried again, where the agent does not say. */
const maxAckPending = 1_000;
const timeoutMs = 5_000;

function streamsOf(namespace: string): ReadonlyArray<Partial<StreamConfig> & { readonly name: string }> {
  const common = { storage: StorageType.File, num_replicas: 1, max_msg_size: eventBounds.maxBytes };
  return [
    {
      ...common,
      name: eventStream(namespace),
      subjects: [eventSubject(namespace, '>')],
      // Gone when everyone who is to hear of it has: what waits is what the share is for.
      retention: RetentionPolicy.Interest,
      discard: DiscardPolicy.New,
      max_bytes: eventBounds.waitingBytes,
      max_age: nanos(eventBounds.waitingMs),
      duplicate_window: nanos(eventBounds.duplicateMs),
    },
    {
      ...common,
      name: deadStream(namespace),
      subjects: [deadSubject(namespace, '*', '>')],
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.Old,
      // With what is said of why.
      max_msg_size: eventBounds.maxBytes * 2,
      max_bytes: eventBounds.deadBytes,
      max_age: nanos(eventBounds.deadMs),
    },
  ];
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
    ...{ name, durable_name: name, filter_subject: eventSubject(namespace, subject) },
    ...{ ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.New, replay_policy: 'instant' },
    ...{ ack_wait: nanos(eventTimes.ackWaitMs), max_deliver: -1 },
    // The one count that every ingress shares: what waits to be tried again counts as well.
    max_ack_pending: maxConcurrent > 0 ? maxConcurrent : maxAckPending,
  };
}

/** NATS takes milliseconds to make one, and a namespace may have thousands: what stands as it should is left alone. */
function isLike({ config = {} }: Consumer, wanted: object): boolean {
  return Object.entries(wanted).every(([key, value]) => config[key] === value);
}

/** Makes what is missing or other than it should be, and takes away the consumers nobody wants. Rejects where it could not. */
export async function ensureEvents(
  connection: NatsConnection,
  namespace: string,
  wanted: readonly WantedTrigger[],
): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  for (const config of streamsOf(namespace)) {
    await streams.add(config).catch(async () => await streams.update(config.name, config));
  }
  const stream = eventStream(namespace);
  const names = new Map(wanted.map((each) => [eventConsumer(each.uid, each.subject), each]));
  const standing = new Map((await consumersOf(connection, stream)).map((each) => [each.name, each]));
  for (const [name, trigger] of names) {
    const config = consumerConfig(namespace, name, trigger);
    const there = standing.get(name);
    if (there !== undefined && isLike(there, config)) continue;
    await ask(connection, `CONSUMER.CREATE.${stream}.${name}`, { stream_name: stream, config });
  }
  for (const name of standing.keys()) {
    if (!names.has(name)) await ask(connection, `CONSUMER.DELETE.${stream}.${name}`);
  }
}
