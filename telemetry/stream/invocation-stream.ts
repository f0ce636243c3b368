/**
 * The JetStream stream of invocation events and its durable consumer: created here, because telemetry is the one
 * role there is exactly one kind of. What is in ClickHouse gives way in time (stream-keeper.ts). A stream full of what is
 * not there yet refuses events, and so calls, unless the installation chose to forget the oldest instead.
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
} from 'nats';
import { invocationStream } from '../../contract/index.ts';

/** What a full stream does: no call without a record, or no record in the way of a call. */
export const whenFull = ['refuse', 'forget'] as const;

export interface StreamSettings {
  readonly maxBytes: number;
  readonly whenFull: (typeof whenFull)[number];
}

/** About a million and a half events waiting for ClickHouse. */
export const defaultStream: StreamSettings = { maxBytes: 2 * 1024 * 1024 * 1024, whenFull: 'refuse' };
/** Longer than ClickHouse may reasonably be away. */
const maxAgeMs = 7 * 24 * 3600 * 1000;
/** As in the original: batches of 256, and only one batch is under way. */
export const materializerBatch = 256;
const ackWaitMs = 10_000;

async function ensureStream(jsm: JetStreamManager, wanted: StreamSettings): Promise<void> {
  const settings = {
    subjects: [...invocationStream.subjects],
    duplicate_window: nanos(invocationStream.duplicateWindowMs),
    max_bytes: wanted.maxBytes,
    max_age: nanos(maxAgeMs),
    discard: wanted.whenFull === 'forget' ? DiscardPolicy.Old : DiscardPolicy.New,
  };
  const { name } = invocationStream;
  const existing = await jsm.streams.info(name).catch(() => undefined);
  if (existing !== undefined) await jsm.streams.update(name, settings);
  else {
    await jsm.streams.add({
      name,
      ...settings,
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
    });
  }
}

async function ensureConsumer(jsm: JetStreamManager): Promise<void> {
  const { name, consumer } = invocationStream;
  const settings = {
    ack_wait: nanos(ackWaitMs),
    max_ack_pending: materializerBatch * 4,
    // Never gives up on an event: the insert is retried for ever.
    max_deliver: -1,
  };
  const existing = await jsm.consumers.info(name, consumer).catch(() => undefined);
  if (existing !== undefined) await jsm.consumers.update(name, consumer, settings);
  else {
    await jsm.consumers.add(name, {
      durable_name: consumer,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      ...settings,
    });
  }
}

/** Idempotent. Throws while JetStream is not there. */
export async function ensureInvocationStream(
  nats: NatsConnection,
  settings: StreamSettings = defaultStream,
): Promise<JetStreamManager> {
  const jsm = await nats.jetstreamManager();
  await ensureStream(jsm, settings);
  await ensureConsumer(jsm);
  return jsm;
}

/** Events not yet in ClickHouse. */
export async function invocationBacklog(jsm: JetStreamManager): Promise<number> {
  const info = await jsm.consumers.info(invocationStream.name, invocationStream.consumer);
  return info.num_pending + info.num_ack_pending;
}
