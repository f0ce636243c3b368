/** The one door of `worker/`. */
export { runWorker } from './run-worker.ts';
export { Worker, type WorkerOptions } from './worker.ts';
