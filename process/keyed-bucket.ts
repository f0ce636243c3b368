/** Makes the buckets of keys that are changed by compare-and-set. Apart because who makes one is not who writes it: the operator makes them. */
import { DiscardPolicy, nanos, RetentionPolicy, StorageType, type NatsConnection } from 'nats';
import {
  budgetLedger,
  daemonLeaseBucket,
  daemonLeaseStream,
  daemonLeaseSubject,
  ledgerStream,
  ledgerSubject,
  scheduleBucket,
  scheduleMarkSubject,
  scheduleStream,
} from '../contract/index.ts';

interface KeyedBucket {
  readonly name: string;
  readonly subject: string;
  readonly ttlMs: number;
  readonly maxBytes: number;
  /** What happens when it is full. */
  readonly full: DiscardPolicy;
}

const buckets: readonly KeyedBucket[] = [
  // Full, it refuses: no count gives way to another.
  {
    name: ledgerStream,
    subject: ledgerSubject('>'),
    ttlMs: budgetLedger.ttlMs,
    maxBytes: budgetLedger.maxBytes,
    full: DiscardPolicy.New,
  },
  // Full, the oldest marks go: a schedule that cannot leave one would not fire.
  {
    name: scheduleStream,
    subject: scheduleMarkSubject('>'),
    ttlMs: scheduleBucket.ttlMs,
    maxBytes: scheduleBucket.maxBytes,
    full: DiscardPolicy.Old,
  },
  // Full, it refuses: a lease that gave way would be taken by a second one.
  {
    name: daemonLeaseStream,
    subject: daemonLeaseSubject('>'),
    ttlMs: daemonLeaseBucket.ttlMs,
    maxBytes: daemonLeaseBucket.maxBytes,
    full: DiscardPolicy.New,
  },
];

/** Made where they are not there, changed where they are not like this. */
export async function ensureKeyedBuckets(connection: NatsConnection): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  for (const { name, subject, ttlMs, maxBytes, full } of buckets) {
    const config = {
      name,
      subjects: [subject],
      retention: RetentionPolicy.Limits,
      storage: StorageType.File,
      discard: full,
      discard_new_per_subject: false,
      max_msgs_per_subject: 1,
      max_bytes: maxBytes,
      max_age: nanos(ttlMs),
      allow_direct: true,
      // Newer than the client's types.
      allow_msg_ttl: true,
      num_replicas: 1,
    };
    try {
      await streams.add(config);
    } catch {
      await streams.update(name, config);
    }
  }
}
