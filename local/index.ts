/** The one door of `local/`: `clrk dev …` for the CLI, the platform's program for its image. */
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
export { natsProgram, platformProgram } from './platform-program.ts';
export { cachedTool } from './tool-paths.ts';
