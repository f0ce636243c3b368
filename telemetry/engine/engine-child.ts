/**
 * The embedded ClickHouse: a child process of telemetry whose only job is to hold chdb and its one data directory.
 * It is a process of its own because the engine takes a quarter of a gigabyte and can crash; telemetry must outlive
 * it and restart it. It must never outlive its parent: a closed IPC channel ends it, after an orderly close.
 */
import { Session } from 'chdb';
import { errorMessage } from '../../contract/index.ts';
import { parseEngineFailure, type EngineReply, type EngineRequest } from './engine-protocol.ts';

/** Hidden first argument of the program that makes it the engine; the second is the data directory. */
export const telemetryEngineArgument = 'telemetry-engine';

async function serve(session: Session, request: EngineRequest): Promise<Uint8Array> {
  if (request.op === 'insert') {
    await session.insert({
      table: request.table,
      values: request.body,
      format: 'JSONEachRow',
      settings: request.settings,
    });
    return new Uint8Array();
  }
  const bound = Object.keys(request.params).length > 0;
  const result = bound
    ? await session.queryBindAsync(request.sql, request.params, { format: 'JSONEachRow' })
    : await session.queryAsync(request.sql, { format: 'JSONEachRow' });
  return result.bytes();
}

/** Runs until the parent closes the channel. Throws when it was not started with one. */
export async function runTelemetryEngine(directory: string): Promise<void> {
  const send = process.send?.bind(process);
  if (send === undefined) throw new Error('the telemetry engine is started by telemetry, not by hand');
  // A terminal's Ctrl-C reaches the whole group: the parent decides when the engine closes.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => undefined);
  const session = new Session(directory);
  const reply = (message: EngineReply): void => {
    if (process.connected) send(message);
  };
  const running = new Set<Promise<void>>();
  process.on('message', (request: EngineRequest) => {
    const answer = serve(session, request).then(
      (body) => reply({ id: request.id, body }),
      (thrown: unknown) => reply({ id: request.id, error: parseEngineFailure(errorMessage(thrown)) }),
    );
    running.add(answer);
    void answer.finally(() => running.delete(answer));
  });
  const disconnected = new Promise<void>((resolve) => process.once('disconnect', resolve));
  reply({ ready: true });
  await disconnected;
  await Promise.all(running);
  session.close();
}
