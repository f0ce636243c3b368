/** Telemetry with the embedded engine and some hundred thousand calls of two hundred namespaces, behind its real ports. */
import { NatsServer } from '../../../test/telemetry/nats-server.ts';
import {
  createTables,
  openTestStore,
  removeDirectory,
  silentLog,
  temporaryDirectory,
} from '../../../test/telemetry/embedded.ts';
import { openTelemetryService } from '../../../telemetry/service.ts';
import { fill } from '../../telemetry/fill.ts';
import type { Part } from '../shared-thing.ts';

const size = { calls: 200_000, spans: 200_000 };

/** Whose records a request asks for, and who sends some, is in its token here. */
export const token = 'Bearer bench';

export async function openTelemetryPart(): Promise<Part> {
  const directory = temporaryDirectory();
  const store = openTestStore(directory);
  await createTables(store);
  await fill(store, size, () => undefined);
  const server = await NatsServer.start();
  const nats = await server.connect();
  const service = await openTelemetryService({
    ...{ host: '127.0.0.1', otlpPort: 0, readPort: 0, store, nats, log: silentLog },
    spoolDir: `${directory}/spool`,
    otlpSpeaker: () => ({ role: 'ingress' }),
    reader: () => ({ namespaces: 'all', expiresMs: Date.now() + 600_000 }),
  });
  return {
    place: { otlpPort: service.otlpPort, readPort: service.readPort },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await nats.close();
      await server[Symbol.asyncDispose]();
      removeDirectory(directory);
    },
  };
}
