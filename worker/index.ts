/** The one door of `worker/`. */
export { runWorker } from './run-worker.ts';
export { clearDeadWorkers } from './sandbox/orphans.ts';
export { Worker } from './worker.ts';
export type { WorkerOptions } from './worker-options.ts';
