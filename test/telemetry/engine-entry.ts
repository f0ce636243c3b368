/** What the CLI does for the hidden argument, for tests: the program that becomes the engine. */
import { runTelemetryEngine } from '../../telemetry/engine/engine-child.ts';

await runTelemetryEngine(process.argv[3] ?? '');
