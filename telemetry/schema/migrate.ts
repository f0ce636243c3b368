/**
 * Brings the schema to this program's version when it starts: the versions in order, each noted when it is through. One
 * replica does it, the others wait and find it done. A schema of a later program is left alone and is an error.
 */
import { ClrkError } from '../../contract/index.ts';
import type { Log } from '../../process/index.ts';
import type { Store } from '../store/store.ts';
import { migrations, type Migration } from './migrations.ts';
import { lockSchema } from './schema-lock.ts';

export const versionTable = 'clrk_schema_version';

const createVersions = `CREATE TABLE IF NOT EXISTS ${versionTable}
(version UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'))
ENGINE = MergeTree ORDER BY version`;

export interface MigrateOptions {
  readonly store: Store;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** For tests. */
  readonly steps?: readonly Migration[];
}

async function readVersion(store: Store): Promise<number> {
  const [row] = await store.query<{ version: number }>(`SELECT max(version) AS version FROM ${versionTable}`);
  return Number(row?.version ?? 0);
}

/** Throws SCHEMA_NEWER, or what ClickHouse says. */
export async function migrate({ store, log, signal, steps = migrations }: MigrateOptions): Promise<void> {
  const latest = steps.at(-1)?.version ?? 0;
  await store.command(createVersions);
  if ((await checkVersion(store, latest)) === latest) return;
  await using lock = await lockSchema(store, signal);
  const held = AbortSignal.any([signal, lock.signal]);
  const current = await checkVersion(store, latest);
  for (const step of steps.filter(({ version }) => version > current)) {
    held.throwIfAborted();
    const startedMs = performance.now();
    await step.run(store, held);
    const values = JSON.stringify({ version: step.version, name: step.name });
    await store.insert({
      table: versionTable,
      body: Buffer.from(`${values}\n`),
      token: `schema-${step.version}`,
    });
    const tookMs = Math.round(performance.now() - startedMs);
    log.info({ version: step.version, name: step.name, tookMs }, 'schema migrated');
  }
}

async function checkVersion(store: Store, latest: number): Promise<number> {
  const version = await readVersion(store);
  if (version <= latest) return version;
  throw new ClrkError(
    'SCHEMA_NEWER',
    `the records were written by a later version (schema ${version}, this program knows ${latest})`,
    { hint: 'Run the version that wrote them, or a later one; nothing was changed.' },
  );
}
