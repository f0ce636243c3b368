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
  formerStreams,
  ledgerStream,
  ledgerSubjects,
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

// Full, the oldest marks go: a schedule that cannot leave one would not fire.
const schedules: KeyedBucket = {
  name: scheduleStream,
  subject: scheduleMarkSubject('>'),
  ttlMs: scheduleBucket.ttlMs,
  maxBytes: scheduleBucket.maxBytes,
  full: DiscardPolicy.Old,
};

/** What each namespace has one of. Full, they refuse: no count gives way to another, and a lease that did would be taken twice. */
const ofNamespace = {
  leases: (namespace: string): KeyedBucket => ({
    name: daemonLeaseStream(namespace),
    subject: daemonLeaseSubjects(namespace),
    ttlMs: daemonLeaseBucket.ttlMs,
    maxBytes: daemonLeaseBucket.maxBytes,
    maxRecordBytes: daemonLeaseBucket.maxRecordBytes,
    full: DiscardPolicy.New,
  }),
  budgets: (namespace: string): KeyedBucket => ({
    name: ledgerStream(namespace),
    subject: ledgerSubjects(namespace),
    ttlMs: budgetLedger.ttlMs,
    maxBytes: budgetLedger.maxBytes,
    maxRecordBytes: budgetLedger.maxRecordBytes,
    full: DiscardPolicy.New,
  }),
  // Of calls whose callers do not wait: who was promised a result is not to lose it to who comes after.
  results: (namespace: string): KeyedBucket => ({
    name: resultStream(namespace),
    subject: resultSubjects(namespace),
    ttlMs: callResults.rememberMs,
    maxBytes: callResults.maxBytes,
    maxRecordBytes: callResults.maxRecordBytes,
    full: DiscardPolicy.New,
  }),
};

export type NamespaceBucket = keyof typeof ofNamespace;

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

/** What all namespaces share: made where it is not there, changed where it is not like this; what former versions left is taken away. */
export async function ensureKeyedBuckets(connection: NatsConnection): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  const config = configOf(schedules);
  try {
    await streams.add(config);
  } catch {
    await streams.update(config.name, config);
  }
  // Not there, most of the time. Where it stays it is read by nobody, and gone at the next start.
  for (const name of formerStreams) await streams.delete(name).catch(() => undefined);
}

/** Where the leases of a namespace's daemons are, the counts of its gateways, the results of its calls: no namespace fills what another needs. */
export async function ensureNamespaceBucket(
  connection: NatsConnection,
  bucket: NamespaceBucket,
  namespace: string,
): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  await streams.add(configOf(ofNamespace[bucket](namespace)));
}
