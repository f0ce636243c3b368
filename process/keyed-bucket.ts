/** Makes the buckets of keys that are changed by compare-and-set. Apart because who makes one is not who writes it: the operator makes them. */
import {
  DiscardPolicy,
  nanos,
  RetentionPolicy,
  StorageType,
  type NatsConnection,
  type StreamConfig,
} from 'nats';
import {
  budgetLedger,
  callResults,
  daemonLeaseBucket,
  daemonLeaseStream,
  daemonLeaseSubjects,
  ledgerStream,
  ledgerSubject,
  resultStream,
  resultSubjects,
  scheduleBucket,
  scheduleMarkSubject,
  scheduleStream,
} from '../contract/index.ts';

interface KeyedBucket {
  readonly name: string;
  readonly subject: string;
  readonly ttlMs: number;
  readonly maxBytes: number;
  /** Of one key, with its headers; absent: what the server takes. */
  readonly maxRecordBytes?: number;
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
];

function configOf({
  name,
  subject,
  ttlMs,
  maxBytes,
  maxRecordBytes,
  full,
}: KeyedBucket): Partial<StreamConfig> & {
  readonly name: string;
} {
  return {
    name,
    subjects: [subject],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: full,
    discard_new_per_subject: false,
    max_msgs_per_subject: 1,
    max_bytes: maxBytes,
    ...(maxRecordBytes === undefined ? {} : { max_msg_size: maxRecordBytes }),
    max_age: nanos(ttlMs),
    allow_direct: true,
    // Newer than the client's types.
    ...{ allow_msg_ttl: true },
    num_replicas: 1,
  };
}

/** Made where they are not there, changed where they are not like this. */
export async function ensureKeyedBuckets(connection: NatsConnection): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  for (const bucket of buckets) {
    const config = configOf(bucket);
    try {
      await streams.add(config);
    } catch {
      await streams.update(config.name, config);
    }
  }
}

/** Where the leases of a namespace's daemons are: one is made for each, so that no namespace fills what another needs. */
export async function ensureDaemonBucket(connection: NatsConnection, namespace: string): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  const { ttlMs, maxBytes, maxRecordBytes } = daemonLeaseBucket;
  const config = configOf({
    ...{ name: daemonLeaseStream(namespace), subject: daemonLeaseSubjects(namespace) },
    ...{ ttlMs, maxBytes, maxRecordBytes },
    // Full, it refuses: a lease that gave way would be taken by a second one.
    full: DiscardPolicy.New,
  });
  await streams.add(config);
}

/** Where the results of a namespace's calls are whose callers do not wait. */
export async function ensureResultBucket(connection: NatsConnection, namespace: string): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  const { rememberMs: ttlMs, maxBytes, maxRecordBytes } = callResults;
  const config = configOf({
    ...{ name: resultStream(namespace), subject: resultSubjects(namespace) },
    ...{ ttlMs, maxBytes, maxRecordBytes },
    // Full, it refuses: who was promised a result is not to lose it to who comes after.
    full: DiscardPolicy.New,
  });
  await streams.add(config);
}
