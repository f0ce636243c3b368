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

async function consumersOf(connection: NatsConnection, stream: string): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const page = (await ask(connection, `CONSUMER.LIST.${stream}`, { offset: names.length })) as {
      readonly total?: number;
      readonly consumers?: ReadonlyArray<{ readonly name: string }>;
    };
    const more = page.consumers ?? [];
    names.push(...more.map(({ name }) => name));
    if (more.length === 0 || names.length >= (page.total ?? 0)) return names;
  }
}

/** Makes what is missing and takes away the consumers nobody wants. Rejects where it could not. */
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
  for (const [name, { subject, maxConcurrent }] of names) {
    await ask(connection, `CONSUMER.CREATE.${stream}.${name}`, {
      stream_name: stream,
      config: {
        ...{ name, durable_name: name, filter_subject: eventSubject(namespace, subject) },
        ...{ ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.New, replay_policy: 'instant' },
        ...{ ack_wait: nanos(eventTimes.ackWaitMs), max_deliver: -1 },
        // The one count that every ingress shares: what waits to be tried again counts as well.
        max_ack_pending: maxConcurrent > 0 ? maxConcurrent : maxAckPending,
      },
    });
  }
  for (const name of await consumersOf(connection, stream)) {
    if (!names.has(name)) await ask(connection, `CONSUMER.DELETE.${stream}.${name}`);
  }
}
