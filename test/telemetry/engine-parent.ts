/** A program that starts an engine, says its process id, and waits to be killed. */
import { openTestStore } from './embedded.ts';

const store = openTestStore(process.argv[2] ?? '');
await store.query('SELECT 1');
process.stdout.write(`${store.engine.pid}\n`);
setInterval(() => undefined, 1000);
