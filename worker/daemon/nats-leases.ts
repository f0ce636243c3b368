/** Leases of daemons in NATS. Apart because everything else about them needs no server. */
import type { NatsConnection } from 'nats';
import { daemonLeaseReadSubject, daemonLeaseSubject } from '../../contract/index.ts';
import { readEntry, writeEntry } from '../../process/index.ts';
import type { LeaseStore } from './daemon-keeper.ts';

/** `connection`: undefined while there is none. */
export function natsLeases(connection: () => NatsConnection | undefined): LeaseStore {
  return {
    read: (key) => readEntry(connection(), daemonLeaseReadSubject(key)),
    write: (key, text, sequence) => writeEntry(connection(), daemonLeaseSubject(key), { text, sequence }),
  };
}
