/**
 * The one door of `telemetry/`: what happened. OTLP receiver, invocation log, ClickHouse writer, read API.
 * `runTelemetryEngine` is the child process that holds the embedded ClickHouse; the CLI must dispatch the hidden
 * argument `telemetryEngineArgument` to it, because the parent forks its own entry file with it.
 */
export { runTelemetry } from './run.ts';
export { runTelemetryEngine, telemetryEngineArgument } from './engine/engine-child.ts';
export { openTelemetryService, type TelemetryOptions, type TelemetryService } from './service.ts';
