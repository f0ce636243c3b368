/** The one door of `local/`: `clrk dev …` for the CLI, the pinned tools for tests and benches. */
export { devDown, devUp } from './dev/background.ts';
export type {
  DevBase,
  DevLogsOptions,
  DevOptions,
  DevStatusOptions,
  DevUpOptions,
} from './dev/dev-options.ts';
export { devLogs } from './dev/logs.ts';
export { devReset } from './dev/reset.ts';
export { runDev } from './dev/run-dev.ts';
export { devStatus } from './dev/status.ts';
