/** The embedded engine on a directory of the test's own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { migrate } from '../../telemetry/schema/migrate.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../../telemetry/store/store.ts';

export const silentLog = pino({ level: process.env['CLRK_TEST_LOG'] ?? 'silent' }, pino.destination(2));

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'clrk-test-telemetry-'));
}

export function openTestStore(directory: string): EmbeddedStore {
  return openEmbeddedStore({
    directory: join(directory, 'clickhouse'),
    entry: join(import.meta.dirname, 'engine-entry.ts'),
    execArgv: ['--import', 'tsx'],
  });
}

export async function createTables(store: EmbeddedStore): Promise<void> {
  await migrate({ store, log: silentLog, signal: new AbortController().signal });
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Asks until it says yes; says what it waited for when the time is up. */
export async function until(what: string, ask: () => Promise<boolean> | boolean, ms = 20_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await ask())) {
    if (Date.now() > deadline) throw new Error(`timed out waiting: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
