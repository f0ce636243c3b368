/** Makes the bucket in which gateways count budgets. Apart because who makes it is not who writes it: the operator makes it. */
import { DiscardPolicy, nanos, RetentionPolicy, StorageType, type NatsConnection } from 'nats';
import { budgetLedger, ledgerStream, ledgerSubject } from '../contract/index.ts';

/** Made where it is not there, changed where it is not like this. Full, it refuses: no count gives way to another. */
export async function ensureBudgetBucket(connection: NatsConnection): Promise<void> {
  const { streams } = await connection.jetstreamManager({ checkAPI: false });
  const config = {
    name: ledgerStream,
    subjects: [ledgerSubject('>')],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    discard_new_per_subject: false,
    max_msgs_per_subject: 1,
    max_bytes: budgetLedger.maxBytes,
    max_age: nanos(budgetLedger.ttlMs),
    allow_direct: true,
    // Newer than the client's types.
    allow_msg_ttl: true,
    num_replicas: 1,
  };
  try {
    await streams.add(config);
  } catch {
    await streams.update(ledgerStream, config);
  }
}
