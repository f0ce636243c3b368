/**
 * Makes a namespace's place for results when an ingress has the first to keep. Apart because only the operator may make streams,
 * and because no namespace takes of NATS's disk what it never asked for.
 */
import type { NatsConnection } from 'nats';
import { errorMessage, resultsWantedSubject } from '../contract/index.ts';
import { ensureNamespaceBucket, type Log } from '../process/index.ts';

/** Answers until the connection is closed. Never throws. */
export function makeResultPlaces(connection: NatsConnection, log: Log): void {
  const making = new Set<string>();
  const make = async (token: string): Promise<void> => {
    if (making.has(token)) return;
    making.add(token);
    try {
      await ensureNamespaceBucket(connection, 'results', token);
    } catch (thrown) {
      // An ingress asks again with the next call.
      log.warn({ namespace: token, error: errorMessage(thrown) }, 'no place for results of calls');
    } finally {
      making.delete(token);
    }
  };
  connection.subscribe(resultsWantedSubject('*'), {
    callback: (error, message) => {
      if (error === null) void make(message.subject.split('.').at(-1) ?? '');
    },
  });
}
