/** What tests of a real worker ask of it, besides its answer: its events, its leftovers, its port by hand. */
import { randomUUID } from 'node:crypto';
import { Value } from 'typebox/value';
import { expect } from 'vitest';
import { invocationSchema, isTerminal } from '../../contract/index.ts';
import { waitFor, type TestWorker } from './test-worker.ts';

/** Without idle warm sandboxes, nothing of any invocation may be there. */
export function expectNoLeftovers(worker: TestWorker): void {
  const warm = Object.values(worker.worker.status().warm).reduce((sum, count) => sum + count, 0);
  expect(worker.leftovers().filter((each) => each.startsWith('bundle')).length).toBe(warm);
}

/** The one terminal event; every event is as the contract says. */
export async function terminalOf(worker: TestWorker, invocationId: string) {
  // It is published once the answer is with the kernel: the caller may have it first.
  await waitFor(() => worker.eventsOf(invocationId).some((event) => isTerminal(event.status.phase)));
  const terminal = worker.eventsOf(invocationId).filter((event) => isTerminal(event.status.phase));
  expect(terminal).toHaveLength(1);
  for (const event of worker.eventsOf(invocationId)) expect(Value.Check(invocationSchema, event)).toBe(true);
  const [event] = terminal;
  if (event === undefined) throw new Error('no terminal event');
  return event.status;
}

/** For a request that `TestWorker.call` would not make. */
export function callOptions(
  worker: TestWorker,
  agent: string,
  headers: Readonly<Record<string, string>> = {},
) {
  return {
    host: '127.0.0.1',
    port: worker.worker.status().port,
    servername: 'worker.clrk.internal',
    ca: worker.certificates.caPem,
    cert: worker.certificates.client.certificatePem,
    key: worker.certificates.client.privateKeyPem,
    method: 'POST',
    agent: false,
    headers: { 'x-clrk-taskagent': `default/${agent}`, 'x-clrk-invocation-id': randomUUID(), ...headers },
  } as const;
}
