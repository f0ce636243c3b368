/** A worker process for crash tests: opens, starts an agent that never ends, prints a line, waits to be killed. */
import { TestWorker, testAgent, waitFor } from './test-worker.ts';

const worker = await TestWorker.open([
  testAgent('forever', 'while true; do sleep 1; done'),
  testAgent('warm', 'cat', { warmPoolSize: 1 }),
]);
worker.call('forever').catch(() => undefined);
await waitFor(() => worker.events.length === 1 && worker.worker.status().warm['default/warm-00001'] === 1);
process.stdout.write(`${worker.name} ${worker.directory}\n`);
setInterval(() => undefined, 1000);
